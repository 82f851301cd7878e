import type { Assignment } from "@stint/crds/attempt";
import { findRegistry, type Host, type Registry } from "@stint/crds/host";

import { HarnessError } from "./errors.ts";

/** Executes what an attempt's code has to do, with the host that it is to see. */
export type Inside = <T>(assignment: Assignment, host: Host, execute: (host: Host) => Promise<T>) => Promise<T>;

/**
 * The tasks of a bundle, as a runner finds them: the process's own, which are neither closed nor changed, so that the next
 * test may define more.
 */
export function tasksNamed(names: ReadonlySet<string>, inside: Inside): Registry {
  const registry = findRegistry();
  if (!registry)
    throw new HarnessError(
      "The tasks are gone from this process. Define them again, and create the harness after that.",
    );
  return {
    close() {},
    manifest: async () => (await registry.manifest()).filter(({ name }) => names.has(name)),
    run: (assignment, host) => inside(assignment, host, (own) => registry.run(assignment, own)),
    runEnded: (assignment, host, end) =>
      inside(assignment, host, async (own) => registry.runEnded?.(assignment, own, end)),
    stopError: (notice) => registry.stopError(notice),
  };
}
