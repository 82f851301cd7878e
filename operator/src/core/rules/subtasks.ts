// Runs that were handed over, and the run that waits for them (S134 to S140, S171).
import { EndReason, FinalReason, NotStartedReason } from "@stint/crds/conditions";

import type { Action, Verdict } from "../decision.ts";
import { after, earliest, lookAgainMs, settle, unchanged, type Look } from "../look.ts";
import { errorRecord, waitsForSubtasks } from "../status.ts";
import type { Subtasks } from "../world.ts";
import { versioned } from "./removal.ts";
import { resumed } from "./suspended.ts";

/** The attempt that submitted the run has not succeeded: nothing is said of it before, and it goes if that comes to nothing (S135). */
export function notHandedOver(look: Look): Verdict | undefined {
  switch (look.world.handOver?.state) {
    case "Open":
      return unchanged(look, { requeueAt: after(look.now, lookAgainMs) });
    case "Dropped": {
      const why = "the attempt that submitted it has not handed it over";
      return unchanged(look, { actions: [{ kind: "deleteRun", run: versioned(look), why }] });
    }
    default:
      return undefined;
  }
}

/** A run of its hand-over tree has failed, and this one has not begun (S139, S140). */
export function treeFailed(look: Look): Verdict | undefined {
  const { handOver, upstreams = [] } = look.world;
  if (!handOver || look.last) return undefined;
  // One beside it that it depends on brings its tree down: whether that has been written yet makes no difference.
  const isBeside = upstreams.some((upstream) => upstream.isBeside && upstream.failed?.name === upstream.name);
  const reason = handOver.failure ?? (isBeside ? handOver.branch : undefined);
  if (reason === NotStartedReason.TreeFailed) return settle(look, { kind: "Canceled", reason });
  return reason && settle(look, { kind: "Skipped", reason, message: "an optional run above it has failed" });
}

/** One of its subtasks has failed for good, and the run with it (S139). */
export function subtaskFailed(look: Look): Verdict | undefined {
  const message = look.world.subtasks && failureIn(look.world.subtasks);
  if (message === undefined) return undefined;
  const reason = FinalReason.SubtaskFailed;
  return settle(
    look,
    { kind: "Failed", reason, message },
    {
      changes: { error: errorRecord({ name: reason, message }, reason) },
      actions: [{ kind: "recordEvent", type: "Warning", reason, note: message }],
    },
  );
}

function failureIn({ failed, missing }: Subtasks): string | undefined {
  if (failed) return `subtask ${failed.name} is ${failed.phase}`;
  return missing > 0 ? `${missing} subtask(s) were deleted` : undefined; // deleting is canceling, and forgetting (S168)
}

/** All that it handed over is done, and so is the run (S136). */
export function subtasksDone(look: Look): Verdict | undefined {
  const { subtasks } = look.world;
  if (!subtasks || subtasks.live > 0 || subtasks.toRerun.length > 0) return undefined;
  return settle(look, { kind: "Succeeded", reason: EndReason.Completed });
}

/** Its function has succeeded and its pod is gone. Of a tree that is done again, what had not ended well begins anew (S171). */
export function waitingForSubtasks(look: Look): Verdict | undefined {
  if (look.status.subtasks === undefined) return undefined;
  const { metadata, spec } = look.run;
  const latest = spec.rerun?.revision === "Latest";
  const actions = (look.world.subtasks?.toRerun ?? []).map(({ name, uid }): Action => {
    const run = { namespace: metadata.namespace ?? "", name, uid };
    return { kind: "rerunRun", run, latest, why: `run ${metadata.name} is done again` };
  });
  const requeueAt = earliest(after(look.now, lookAgainMs), look.deadlineAt);
  return resumed(look, waitsForSubtasks, { actions, ...(requeueAt && { requeueAt }) });
}
