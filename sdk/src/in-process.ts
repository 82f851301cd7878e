// What runs without a cluster, `.local()` and contexts that are made up: loaded when it is first asked for. It is as much code
// as all the rest of what a program loads with its tasks, and no attempt needs it but one that calls `.local()`.
//
//   I1. Its callers cannot wait: see from-package.ts. A program bundled with the SDK in it says `import "@stint/sdk/local"`,
//       or has the package beside it.
//   I2. An attempt has it loaded already (attempt.ts).
import type { TaskContext } from "./context.ts";
import { fromPackage } from "./from-package.ts";
import type { ContextOverrides } from "./overrides.ts";
import type { Definition } from "./registry.ts";

export interface InProcess {
  runLocally(definition: Definition, args: readonly unknown[]): unknown;
  madeUpContext(): TaskContext | undefined;
  withOverrides<T>(context: ContextOverrides, work: () => T): T;
}

let loaded: InProcess | undefined;

/** Said by the module itself, however it was loaded. */
export function provide(module: InProcess): void {
  loaded = module;
}

/** Throws an `Error` where the module cannot be found (I1). */
export function inProcess(): InProcess {
  return (loaded ??= load());
}

/** Of variables that make up a context (S290). */
export const variablePrefix = "STINT_RUNTIME__TASK_RUN__";

/** Under it is what `withContext` of any copy of the SDK says. */
export const overridesKey = Symbol.for("stint.dev/context/v1");

/** Whether anybody can have made up a context: `withContext` may have been called, or a variable is set. */
export function mayBeMadeUp(): boolean {
  return overridesKey in globalThis || Object.keys(process.env).some((name) => name.startsWith(variablePrefix));
}

function load(): InProcess {
  try {
    return fromPackage("local") as InProcess; // by the name
  } catch (cause) {
    throw new Error('.local() and withContext() need import "@stint/sdk/local" in a program that is bundled', {
      cause,
    });
  }
}
