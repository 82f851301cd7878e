// Hooks that are functions, in the attempt's own process (S104). Loaded only for tasks that have some.
//
//   K1. In the order of the list, one after the other, and all of one instant within 30 s: one that does not end is left
//       behind, and those after it are not called.
//   K2. What a hook throws is logged, and changes nothing.
import type { Assignment } from "@stint/crds/attempt";
import type { Host } from "@stint/crds/host";
import { limits } from "@stint/crds/limits";
import type { HookName } from "@stint/crds/manifest";
import { describeThrown } from "@stint/crds/thrown";

import type { HookFunction, RunState } from "./callbacks.ts";
import { runIn, type Scope } from "./scope.ts";
import { within } from "./within.ts";

export interface HookCall {
  readonly name: HookName;
  readonly hooks: readonly HookFunction[];
  readonly state: RunState;
  readonly assignment: Assignment;
  readonly host: Host;
  readonly scope: Scope;
}

/** Calls the hooks. Resolves when they are done or their time is up; never rejects. */
export async function callHooks(call: HookCall): Promise<void> {
  const left = new AbortController();
  const done = await within(limits.hooksMs, oneByOne(call, left.signal), call.host.time);
  if (done) return;
  left.abort();
  call.host.log?.("warn", `${call.name} did not end within 30 s`);
}

async function oneByOne({ name, hooks, state, assignment, host, scope }: HookCall, left: AbortSignal): Promise<true> {
  const { bundle, task, name: run } = assignment;
  for (const hook of hooks) {
    if (left.aborted) break; // K1
    try {
      await runIn(scope, () => hook(`${bundle}/${task}`, run, state));
    } catch (thrown) {
      host.log?.("error", `${name} threw`, { error: describeThrown(thrown) }); // K2
    }
  }
  return true;
}
