// What a pod and a report leave behind in the record of their attempt (S101).
import type { Attempt } from "@stint/crds/taskrun";

import { containerOf, startedAt } from "./outcome.ts";
import type { OwnedPod, ReceivedReport } from "./world.ts";

interface Witnesses {
  readonly attempt: Attempt | undefined;
  readonly pod: OwnedPod | undefined;
  readonly report: ReceivedReport | undefined;
}

/** Of two instants of the start, the runner's own is the more exact one; what is recorded already stays over the pod's. */
export function tracesOf({ attempt, pod, report }: Witnesses): Partial<Attempt> {
  return {
    ...(pod && tracesOfPod(pod)),
    ...(attempt?.startedAt !== undefined && { startedAt: attempt.startedAt }),
    ...(report && tracesOfReport(report)),
  };
}

function tracesOfPod(pod: OwnedPod): Partial<Attempt> {
  const began = startedAt(pod);
  const { exitCode, signal } = containerOf(pod)?.state?.terminated ?? {};
  return {
    podUid: pod.metadata.uid,
    ...(pod.spec.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
    ...(began && { startedAt: began.toISOString() }),
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
  };
}

function tracesOfReport({ podUid, nodeName, report, digest }: ReceivedReport): Partial<Attempt> {
  return { podUid, ...(nodeName !== undefined && { nodeName }), startedAt: report.startedAt, report: digest };
}
