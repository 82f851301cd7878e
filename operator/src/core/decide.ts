// Every choice the operator makes about a run, as an ordered list of named rules. To change what Stint does, change a rule
// or add one, at the place where it belongs in the order.
import { InvariantError } from "../errors.ts";
import type { Decision, Verdict } from "./decision.ts";
import { withHooks } from "./hooks.ts";
import { gather, type Look } from "./look.ts";
import { withSums } from "./progress.ts";
import { active, altered, creating, withoutInput } from "./rules/attempt.ts";
import { cyclic, misreferring, skipped, waitingForUpstream } from "./rules/dependent.ts";
import { awaitingRetry, exhausted, succeeded } from "./rules/ending.ts";
import { withoutLingering } from "./rules/lingering.ts";
import { deleting, finished } from "./rules/removal.ts";
import { reopening, replaced } from "./rules/reopening.ts";
import { delayed, orphaned, rejected, starting, unresolved, waitingForRetry } from "./rules/starting.ts";
import { canceling, overDeadline, overdue, stopping } from "./rules/stopping.ts";
import { notHandedOver, subtaskFailed, subtasksDone, treeFailed, waitingForSubtasks } from "./rules/subtasks.ts";
import { suspended } from "./rules/suspended.ts";
import { withStats } from "./stats.ts";
import type { ObservedRun, OwnedPod, World } from "./world.ts";

type Rule = (look: Look) => Verdict | undefined;

/** Ordered: the first rule that speaks wins. Every rule may rely on those above it having stayed silent. */
const rules: readonly Rule[] = [
  deleting,
  replaced,
  reopening,
  finished,
  notHandedOver,
  canceling,
  altered,
  withoutInput,
  // The live attempt has ended.
  succeeded,
  exhausted,
  awaitingRetry,
  // It has not, and it is to.
  stopping,
  overDeadline,
  overdue,
  // What others have decided, a pause or none.
  subtaskFailed,
  subtasksDone,
  treeFailed,
  // It has not, and may go on.
  suspended,
  creating,
  active,
  // There is none, and no other is to follow.
  waitingForSubtasks,
  // There is none.
  waitingForRetry,
  misreferring,
  cyclic,
  skipped,
  delayed,
  waitingForUpstream,
  unresolved,
  orphaned,
  rejected,
  starting,
];

/** The names of the rules, in order: they label log lines and metrics. */
export const ruleNames: readonly string[] = rules.map(({ name }) => name);

/** What is to be done about a run. Total, synchronous and deterministic; it changes none of its arguments. */
export function decide(run: ObservedRun, pods: readonly OwnedPod[], world: World, now: Date): Decision {
  const look = gather(run, pods, world, now);
  for (const rule of rules) {
    const verdict = rule(look);
    if (!verdict) continue;
    const whole = withHooks(withoutLingering(verdict, look), look);
    return { rule: rule.name, ...withStats(withSums(whole, look), look) };
  }
  throw new InvariantError(`no rule covers TaskRun ${run.metadata.namespace}/${run.metadata.name}`);
}
