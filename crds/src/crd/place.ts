// Where in a schema something is, as its complaints say it: `spec.retry`, `spec.tags[]`, `spec.resources{}`, `root`.

/** The place of a path that is empty at the root. */
export function at(path: string): string {
  return path === "" ? "root" : path;
}

/** The path of a field. */
export function join(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}

/** The place that zod describes by the steps through its JSON Schema. */
export function placeOf(steps: readonly (string | number)[]): string {
  return at(steps.filter((step) => step !== "properties").join("."));
}
