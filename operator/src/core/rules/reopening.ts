// A rerun by hand: a run that has ended otherwise than well begins anew, with its name, its children and its attempts (S170).
import { EventReason, LiveReason } from "@stint/crds/conditions";
import { isRerunDue } from "@stint/crds/rerun";
import type { TaskRunSpec, TaskRunStatus } from "@stint/crds/taskrun";

import type { Verdict } from "../decision.ts";
import { after, lookAgainMs, ownDeadline, settle, unchanged, type Look } from "../look.ts";
import { waitsForSubtasks } from "../status.ts";

/** What tells of the end; how each attempt ended stays in its record. */
const ofTheEnd = ["startedAt", "finishedAt", "durationSeconds", "error", "deadlineAt", "stats", "tolerated"] as const;

/** What was decided when the run was accepted. */
const pins = ["revision", "bundleUid", "resolved", "taskKey", "instanceType", "resources"] as const;

/** The run begins anew, in a write of its own; the next look starts it as it would any other. */
export function reopening(look: Look): Verdict | undefined {
  if (!isRerunDue(look.run)) return undefined;
  const requeueAt = after(look.now, lookAgainMs);
  const { generation = 0, revision = "Pinned" } = look.run.spec.rerun ?? {};
  if (look.status.subtasks) {
    // Its function has succeeded: what it waits for is done again, and it waits on (S171).
    const status = { ...begunAnew(look, { generation, revision: "Pinned" }), startedAt: look.now.toISOString() };
    return settle({ ...look, status }, waitsForSubtasks, { requeueAt });
  }
  const status = begunAnew(look, { generation, revision });
  return settle({ ...look, status }, { kind: "Pending", reason: LiveReason.Starting }, { requeueAt });
}

/** A run whose place under its key another one has taken stays as it ended: only the newest can begin anew (S118). */
export function replaced(look: Look): Verdict | undefined {
  const { replacedBy } = look.world;
  if (replacedBy === undefined || !isRerunDue(look.run)) return undefined;
  const { metadata, spec } = look.run;
  const note = `task run ${metadata.name} is not done again: run ${replacedBy} has its key`;
  return unchanged(look, {
    status: { ...look.status, rerunGeneration: spec.rerun?.generation ?? 0 },
    actions: [{ kind: "recordEvent", type: "Warning", reason: EventReason.RerunRefused, note }],
  });
}

/** Both budgets start anew, and so does the deadline (S71). With `Latest` nothing is in force any more (S172). */
function begunAnew(
  { run, status, now }: Look,
  { generation, revision }: Required<NonNullable<TaskRunSpec["rerun"]>>,
): TaskRunStatus {
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
