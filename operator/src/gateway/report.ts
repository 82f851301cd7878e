// The end of an attempt, as its runner tells it.
import type { Report } from "@stint/crds/attempt";
import { sha256Hex } from "@stint/crds/hash";
import { canonicalJson, type Json } from "@stint/crds/json";

import type { ReceivedReport } from "../core/world.ts";
import { conclude } from "./conclude.ts";
import type { GatewayDeps } from "./deps.ts";
import { identifyAttempt } from "./identity.ts";
import type { PodIdentity } from "./token.ts";

/**
 * Takes a report, and returns once the outcome is written to the run (S52).
 *
 * The same report again is taken again, also when the first one has ended the attempt: its digest stands in the attempt's
 * record. Throws `NotCurrent` for any other report of an attempt that has ended or is being stopped (S98, S164).
 */
export async function acceptReport(pod: PodIdentity, report: Report, deps: GatewayDeps): Promise<void> {
  const received: ReceivedReport = {
    podName: pod.podName,
    podUid: pod.podUid,
    ...(pod.nodeName !== undefined && { nodeName: pod.nodeName }),
    report,
    digest: digestOf(report),
  };
  await conclude(
    await identifyAttempt(pod, deps),
    { report: received },
    ({ attempt }, decision) => {
      if (attempt.report === received.digest) return "done";
      return decision.reportTaken ? "apply" : "refuse";
    },
    deps,
  );
}

/** By which a repeated report is known. */
export function digestOf(report: Report): string {
  return sha256Hex(canonicalJson(report as unknown as Json)); // an interface has no index signature; its members are JSON
}
