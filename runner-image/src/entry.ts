import { readFileSync } from "node:fs"; // fs/promises brings two milliseconds of modules to every start
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { findRegistry, type Registry } from "@stint/crds/host";

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

/** The tasks that an import has defined, and no further ones (S14); `undefined` if it brought no SDK. Rejects as it does. */
export async function tasksOf(imported: Promise<void>): Promise<Registry | undefined> {
  await imported;
  const registry = findRegistry();
  registry?.close();
  return registry;
}

/**
 * Begins to load the SDK that stands beside the runner's own file, which mounted code will import, and what it will load for
 * the attempt.
 *
 * It is no code of the user's, so it may be loaded before the assignment is there. Where it is missing, or not the one that
 * an image brings, nothing is lost but the head start.
 */
export function preloadSdk(runner: string | undefined): void {
  if (runner === undefined) return;
  for (const module of ["index.js", "attempt.js"]) {
    const path = join(dirname(runner), "node_modules/@stint/sdk", module);
    import(pathToFileURL(path).href).catch(() => undefined);
  }
}

function packageMain(directory: string): string {
  const description: unknown = JSON.parse(readFileSync(resolve(directory, "package.json"), "utf8"));
  if (typeof description !== "object" || description === null || !("main" in description)) {
    throw new Error(`no entry point: STINT_ENTRYPOINT is not set and ${directory}/package.json has no "main"`);
  }
  return String(description.main);
}
