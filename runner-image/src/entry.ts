import { readFileSync } from "node:fs"; // fs/promises brings two milliseconds of modules to every start
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Imports the user's entry point, which defines the tasks (S11).
 *
 * A relative path is one below the working directory; without any, `main` of the package there is meant. Rejects with
 * whatever the module throws, or with an `Error` if there is no such module.
 */
export async function importEntry(entrypoint: string | undefined, directory: string): Promise<void> {
  const path = resolve(directory, entrypoint ?? packageMain(directory));
  await import(pathToFileURL(path).href);
}

function packageMain(directory: string): string {
  const description: unknown = JSON.parse(readFileSync(resolve(directory, "package.json"), "utf8"));
  if (typeof description !== "object" || description === null || !("main" in description)) {
    throw new Error(`no entry point: STINT_ENTRYPOINT is not set and ${directory}/package.json has no "main"`);
  }
  return String(description.main);
}
