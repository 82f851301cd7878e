// Pods that outlive their attempt while the run goes on, a sidecar that never ends for instance: they hold what they asked
// for, so they are deleted 45 s after their attempt's end, whatever the run is doing by then (S300).
import { finishedAtOf } from "../attempts.ts";
import type { Verdict } from "../decision.ts";
import { after, deletionsAsSeen, earliest, isFinished, type Look } from "../look.ts";
import type { OwnedPod } from "../world.ts";
import { lingeringMs } from "./removal.ts";

/** The verdict on a live run, with the deletions that are due beside it; of a finished one the rule itself sees to them. */
export function withoutLingering(verdict: Verdict, look: Look): Verdict {
  if (isFinished(look.run)) return verdict;
  const ends = look.pods.filter(isAlive).flatMap((pod) => {
    const finishedAt = finishedAtOf(pod, look.run);
    return finishedAt === undefined ? [] : [{ pod, due: after(finishedAt, lingeringMs) }];
  });
  const due = ends.filter((end) => end.due <= look.now).map(({ pod }) => pod);
  const requeueAt = earliest(verdict.requeueAt, ...ends.filter((end) => end.due > look.now).map((end) => end.due));
  const actions = [...verdict.actions, ...deletionsAsSeen(due, "its attempt is over")];
  return { ...verdict, actions, ...(requeueAt && { requeueAt }) };
}

function isAlive({ status }: OwnedPod): boolean {
  return status.phase !== "Succeeded" && status.phase !== "Failed";
}
