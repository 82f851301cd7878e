/** What the templates call the project, and what a folder is called of whose name nothing is left. */
export const placeholder = "my-tasks";

/** A bundle's name, made of a folder's. */
export function toBundleName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, "");
  return name === "" ? placeholder : name;
}
