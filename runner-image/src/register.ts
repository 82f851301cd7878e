import { findRegistry } from "@stint/crds/host";

import type { Gateway } from "./gateway.ts";

export interface RegisterOptions {
  readonly gateway: Pick<Gateway, "registerTasks">;
  readonly importEntry: () => Promise<void>;
  /** Aborts at SIGTERM. */
  readonly terminated: AbortSignal;
}

/**
 * Imports the entry point and posts the list of its tasks (S12); an empty one if it defines none.
 *
 * Rejects with whatever the import throws, so that Node prints it with the line of the source.
 */
export async function register({ gateway, importEntry, terminated }: RegisterOptions): Promise<void> {
  await importEntry();
  const registry = findRegistry();
  registry?.close();
  await gateway.registerTasks({ tasks: registry?.manifest() ?? [] }, terminated);
}
