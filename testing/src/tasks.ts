import { findRegistry, type Registry } from "@stint/crds/host";

import { HarnessError } from "./errors.ts";

/**
 * The tasks of a bundle, as a runner finds them: the process's own, which are neither closed nor changed, so that the next
 * test may define more.
 */
export function tasksNamed(names: ReadonlySet<string>, execute: (registry: Registry) => Registry["run"]): Registry {
  const registry = findRegistry();
  if (!registry)
    throw new HarnessError(
      "The tasks are gone from this process. Define them again, and create the harness after that.",
    );
  return {
    close() {},
    manifest: () => registry.manifest().filter(({ name }) => names.has(name)),
    run: execute(registry),
    stopError: (notice) => registry.stopError(notice),
  };
}
