// The end of an attempt, as its runner tells it.
import type { Report, ReportResponse, RunEnd } from "@stint/crds/attempt";
import { ConditionType } from "@stint/crds/conditions";
import { sha256Hex } from "@stint/crds/hash";
import { canonicalJson, type Json } from "@stint/crds/json";
import type { TaskRunStatus } from "@stint/crds/taskrun";

import { conditionOf, phaseOf } from "../core/status.ts";
import type { ReceivedReport } from "../core/world.ts";
import { conclude } from "./conclude.ts";
import type { GatewayDeps } from "./deps.ts";
import { identifyAttempt } from "./identity.ts";
import type { PodIdentity } from "./token.ts";

/**
 * Takes a report, and answers once the outcome is written to the run (S52), with the run's end if that is it.
 *
 * The same report again is taken again, also when the first one has ended the attempt: its digest stands in the attempt's
 * record. Throws `NotCurrent` for any other report of an attempt that has ended or is being stopped (S98, S164).
 */
export async function acceptReport(pod: PodIdentity, report: Report, deps: GatewayDeps): Promise<ReportResponse> {
  const received: ReceivedReport = {
    podName: pod.podName,
    podUid: pod.podUid,
    ...(pod.nodeName !== undefined && { nodeName: pod.nodeName }),
    report,
    digest: digestOf(report),
  };
  const status = await conclude(
    await identifyAttempt(pod, deps),
    { report: received },
    ({ attempt }, decision) => {
      if (attempt.report === received.digest) return "done";
      return decision.reportTaken ? "apply" : "refuse";
    },
    deps,
  );
  const ended = endOf(status);
  return { accepted: true, ...(ended && { ended }) };
}

/** How the run has ended, for the hooks of its last process; `undefined` while it is live, or if it was canceled (S105). */
function endOf({ conditions = [], attemptCount = 0 }: TaskRunStatus): RunEnd | undefined {
  const phase = phaseOf(conditions);
  if (phase !== "Succeeded" && phase !== "Failed") return undefined;
  const { reason = "", message = "" } = conditionOf(conditions, ConditionType.Succeeded) ?? {};
  return { phase, reason, message, attempts: attemptCount };
}

/** By which a repeated report is known. */
export function digestOf(report: Report): string {
  return sha256Hex(canonicalJson(report as unknown as Json)); // an interface has no index signature; its members are JSON
}
