import { type Host, type Registry, registryKey, stopError } from "@stint/crds/host";
import type { Assignment, Report } from "@stint/crds/attempt";

/** Puts a registry where the SDK would, until the test is over; its one task does what the test says. */
export function aRegistry(run: (host: Host, assignment: Assignment) => Promise<Report>): Disposable {
  const registry: Registry = {
    close() {},
    manifest: () => Promise.resolve([]),
    run: (assignment, host) => run(host, assignment),
    stopError,
  };
  Reflect.set(globalThis, registryKey, registry);
  return { [Symbol.dispose]: () => Reflect.deleteProperty(globalThis, registryKey) };
}
