import { podContract } from "@stint/crds/attempt";

import { sharedRegistry } from "./registry.ts";

/**
 * Says that all tasks are defined: the last line of an entry point, if it has one.
 *
 * In a pod a task defined later throws; what happens next is the runner's. Anywhere else it does nothing, so that the
 * module can be imported by tests and by whoever triggers its tasks. Source: S11, S14.
 */
export function start(): void {
  if (process.env[podContract.mode] !== undefined) sharedRegistry().close();
}
