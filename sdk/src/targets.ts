// Which task a task object stands for: how one is told from any other function, whichever copy of the SDK made it.
import type { Target } from "./scope.ts";
import { shared } from "./shared.ts";

const targets = shared(Symbol.for("stint.dev/targets/v1"), () => new WeakMap<object, Target>());

export function setTarget(task: object, target: Target): void {
  targets.set(task, target);
}

/** `undefined` for anything but a task. */
export function targetOf(value: object): Target | undefined {
  return targets.get(value);
}
