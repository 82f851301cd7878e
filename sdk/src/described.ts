// What the manifest says of a task besides its options: read from its function's source and from its schemas. That is a third
// of all that defining a task takes, and a program that only triggers tasks has no use for it.
//
//   D1. It is read, and refused, at definition wherever the code for it is at hand: where the SDK is a package.
//   D2. Elsewhere, in a program bundled with the SDK in it, it is read when it is first asked for: at registration, by
//       `.local()` and by a trigger. Each of them loads the code, which says so here.
import type { ManifestTask } from "@stint/crds/manifest";

import { fromPackage } from "./from-package.ts";
import type { DefinedOptions } from "./options.ts";
import type { AnyFunction } from "./parameters.ts";
import { shared } from "./shared.ts";

export type Described = Pick<ManifestTask, "signature" | "inputSchema" | "resultSchema" | "problem">;

export interface Undescribed {
  readonly name: string;
  readonly fn: AnyFunction;
  readonly options: Pick<DefinedOptions, "parameters" | "args" | "inputSchema" | "resultSchema" | "runName">;
}

/** Throws a `TypeError` for what the source or a schema shows to be wrong (S6, S21, S39). */
export type Describe = (task: Undescribed) => Described;

/** One for all copies of the SDK: the copy that runs an attempt need not be the one that defined the task. */
const code = shared(Symbol.for("stint.dev/describe/v1"), (): { describe?: Describe | undefined } => ({}));

/** Said by the module itself, however it was loaded. */
export function provide(describe: Describe): void {
  code.describe = describe;
}

/** Gives the description whenever it is asked for. Throws as {@link Describe}: now where it can (D1), else then (D2). */
export function described(task: Undescribed): () => Described {
  let made = atHand()?.(task);
  return () => (made ??= needed(task.name)(task));
}

function atHand(): Describe | undefined {
  if ("describe" in code) return code.describe;
  code.describe = undefined; // looked for once
  try {
    fromPackage("description");
  } catch {
    // D2
  }
  return code.describe;
}

function needed(task: string): Describe {
  if (code.describe) return code.describe;
  throw new Error(`Task "${task}" has no description: import "@stint/sdk/description" in a program that is bundled`);
}
