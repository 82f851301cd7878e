// The tasks of this process. The runner closes the registry once the entry point is imported, reads the manifest, and asks
// for one attempt; see crds/src/host.ts.
import { registryKey, type Registry } from "@stint/crds/host";
import type { ManifestTask } from "@stint/crds/manifest";

import type { Callbacks } from "./callbacks.ts";
import type { Described } from "./described.ts";
import { toStopError } from "./errors.ts";
import type { RunName } from "./options.ts";
import type { AnyFunction } from "./parameters.ts";
import type { StandardSchema } from "./schema.ts";
import { shared } from "./shared.ts";

/** A task as it is registered. Another copy of the SDK may read it: plain data and the function. */
export interface Definition {
  readonly fn: AnyFunction;
  readonly runName?: RunName | undefined;
  /** The `bundle()` that it was defined by, if by one. */
  readonly group?: object | undefined;
  readonly entry: Omit<ManifestTask, "sourceHash" | keyof Described>;
  /** The rest of the entry. */
  readonly described: () => Described;
  /** What parses in the user's own words, where a schema was not given as JSON Schema: zod, for one. */
  readonly parsers?: { readonly input?: StandardSchema; readonly result?: StandardSchema };
  readonly callbacks?: Callbacks | undefined;
}

/** {@link Registry}, and what the copies of the SDK ask of it. */
export interface SharedRegistry extends Registry {
  /** Adds a task. Throws if its name is taken (S5, S10) or the registry is closed (S14). */
  define(definition: Definition): void;
}

/** Looked up anew each time: it is on `globalThis`, where a test may take it away. */
export function sharedRegistry(): SharedRegistry {
  return shared(registryKey, createRegistry);
}

function createRegistry(): SharedRegistry {
  const definitions = new Map<string, Definition>();
  let isClosed = false;
  return {
    define(definition) {
      const { name } = definition.entry;
      if (isClosed) {
        throw new Error(`Task "${name}" was defined after registration; define tasks at module level`);
      }
      const known = definitions.get(name);
      if (known) throw new Error(nameTaken(known, definition));
      definitions.set(name, definition);
    },
    close() {
      isClosed = true;
    },
    async manifest() {
      const { manifestTask } = await import("./description.ts");
      return Array.from(definitions.values(), manifestTask);
    },
    async run(assignment, host) {
      const { runAttempt } = await import("./attempt.ts");
      return runAttempt(definitions.get(assignment.task), assignment, host);
    },
    async runEnded(assignment, host, end) {
      const { runEnded } = await import("./attempt.ts");
      await runEnded(definitions.get(assignment.task), assignment, host, end);
    },
    stopError: toStopError,
  };
}

function nameTaken(first: Definition, { entry: { name }, group }: Definition): string {
  return first.group && group && first.group !== group
    ? `Task "${name}" is defined in more than one bundle()`
    : `Task "${name}" is already registered`;
}
