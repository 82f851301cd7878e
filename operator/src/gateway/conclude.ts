// What a runner says, as one more observation: the same decide and the same apply as the reconciler's, against the newest
// version, until the write is made or nothing is left to write.
//
//   G1. Nobody is told yes before the write has been committed (S52).
//   G2. After a conflict nothing is sent again: the run is read live and decided again. A write whose answer was lost may
//       have been carried out; reading the run tells.
//   G3. A no comes from a live read only (S98).
import { ConditionType } from "@stint/crds/conditions";
import type { TaskRunStatus } from "@stint/crds/taskrun";

import { decide } from "../core/decide.ts";
import type { Decision } from "../core/decision.ts";
import { conditionOf } from "../core/status.ts";
import type { ObservedRun } from "../core/world.ts";
import type { Extra } from "../effects/observe.ts";
import { isApiError } from "../errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { GatewayDeps } from "./deps.ts";
import { identifyLive, type AttemptCaller } from "./identity.ts";
import { notCurrent, unavailable } from "./refusal.ts";

/** What is to be done with a decision: carry it out, call it done already, or refuse the caller. */
export type Judgement = "apply" | "done" | "refuse";

/** Each round loses to another writer, who got further by it; runners ask again after a 503. */
const rounds = 5;

/**
 * Concludes from what a caller says, and returns the run's status once the conclusion is written.
 *
 * Throws `NotCurrent` where `judge` refuses, and `Unavailable` or ApiError if the write cannot be made for now.
 */
export async function conclude(
  first: AttemptCaller,
  extra: Extra,
  judge: (caller: AttemptCaller, decision: Decision) => Judgement,
  deps: GatewayDeps,
): Promise<TaskRunStatus> {
  let caller = first;
  for (let round = 1; round <= rounds; round++) {
    const { pods, world } = deps.observe(caller.run, extra);
    const decision = decide(caller.run, pods, world, deps.clock.now());
    const judgement = judge(caller, decision);
    if (judgement === "done") return caller.live?.status ?? decision.status;
    if (judgement === "apply" && (await isApplied(caller.run, decision, deps))) {
      tell(caller.run, decision, { logger: deps.logger, isLoud: extra.progress === undefined });
      await deps.point("before-acknowledgement");
      return decision.status; // G1
    }
    if (judgement === "refuse" && caller.live) throw notCurrent(`attempt ${caller.attempt.number} is over`); // G3
    caller = await identifyLive(caller.pod, deps); // G2
  }
  throw unavailable("the run is being written by others");
}

/** The same line as the reconciler's; progress, up to once a second from every run, is whispered. */
function tell(
  { metadata: { namespace, name, uid } }: ObservedRun,
  { rule, status }: Decision,
  { logger, isLoud }: { readonly logger: Logger; readonly isLoud: boolean },
): void {
  const reason = conditionOf(status.conditions, ConditionType.Succeeded)?.reason;
  const attempt = status.attempts?.at(-1)?.number;
  const fields = { taskRun: `${namespace}/${name}`, uid, attempt, rule, phase: status.phase, reason };
  logger[isLoud ? "info" : "debug"](fields, "task run decided");
}

/** False if the run has changed since, or if nobody can tell. */
async function isApplied(run: ObservedRun, decision: Decision, { apply }: GatewayDeps): Promise<boolean> {
  try {
    await apply(run, decision);
    return true;
  } catch (error) {
    if (isApiError(error, "conflict", "notFound", "unavailable")) return false;
    throw error;
  }
}
