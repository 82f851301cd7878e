// A rerun by hand: a run that has ended otherwise than well begins anew, with its name, its children and its attempts (S170).
import { LiveReason } from "@stint/crds/conditions";
import { isRerunDue } from "@stint/crds/rerun";
import type { TaskRunStatus } from "@stint/crds/taskrun";

import type { Verdict } from "../decision.ts";
import { after, lookAgainMs, ownDeadline, settle, type Look } from "../look.ts";

/** What tells of the end; how each attempt ended stays in its record. */
const ofTheEnd = ["startedAt", "finishedAt", "durationSeconds", "error", "deadlineAt", "stats"] as const;

/** What was decided when the run was accepted. */
const pins = ["revision", "bundleUid", "resolved", "taskKey", "instanceType", "resources"] as const;

/** The run begins anew, in a write of its own; the next look starts it as it would any other. */
export function reopening(look: Look): Verdict | undefined {
  if (!isRerunDue(look.run)) return undefined;
  return settle(
    { ...look, status: begunAnew(look) },
    { kind: "Pending", reason: LiveReason.Starting },
    { requeueAt: after(look.now, lookAgainMs) },
  );
}

/** Both budgets start anew, and so does the deadline (S71). With `Latest` nothing is in force any more (S172). */
function begunAnew({ run, status, now }: Look): TaskRunStatus {
  const { generation = 0, revision } = run.spec.rerun ?? {};
  const kept = without(status, ofTheEnd);
  const began = { ...kept, rerunGeneration: generation, rerunAt: now.toISOString() };
  if (revision === "Latest" || !kept.resolved) return without(began, pins);

  const deadline = ownDeadline({ ...run, status: began }, kept.resolved.deadlineSeconds);
  return {
    ...began,
    userRetries: 0,
    infrastructureRetries: 0,
    ...(deadline && { deadlineAt: deadline.toISOString() }),
  };
}

function without<T extends object, K extends keyof T>(object: T, names: readonly K[]): Omit<T, K> {
  const dropped: ReadonlySet<PropertyKey> = new Set(names);
  const kept = Object.entries(object).filter(([name]) => !dropped.has(name));
  return Object.fromEntries(kept) as Omit<T, K>; // the other members, which Object.entries forgets
}
