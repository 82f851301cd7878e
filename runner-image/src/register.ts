import type { Registry } from "@stint/crds/host";

import type { Gateway } from "./gateway.ts";

export interface RegisterOptions {
  readonly gateway: Pick<Gateway, "registerTasks">;
  /** The tasks that the entry point defines. */
  readonly load: () => Promise<Registry | undefined>;
  /** Aborts at SIGTERM. */
  readonly terminated: AbortSignal;
}

/**
 * Imports the entry point and posts the list of its tasks (S12); an empty one if it defines none.
 *
 * Rejects with whatever `load` and the manifest throw, so that Node prints it with the line of the source.
 */
export async function register({ gateway, load, terminated }: RegisterOptions): Promise<void> {
  const registry = await load();
  await gateway.registerTasks({ tasks: (await registry?.manifest()) ?? [] }, terminated);
}
