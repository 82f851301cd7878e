// What a kubelet says of a pod that it ends or will not have, and when it says so.
import type { ContainerState, OwnedPod, PodStatus } from "./world.ts";

/** How a container reads that was ended by SIGKILL or SIGTERM. */
const signalCodes: readonly number[] = [137, 143];
/** From a container's end to the pod's own last word is 1 to 2 s; a sidecar may keep that back for ever. */
const lastWordMs = 5000;

/**
 * Until when the pod's end is not to be read, since its kubelet may still say that it was the kubelet's doing; `undefined` if
 * all has been said.
 *
 * It says so with the pod's phase, after the container's end. An exit by no signal is the process's own, a deletion is
 * somebody else's, and neither needs the phase. `terminated` is the task container's. Source: S298.
 */
export function lastWordDueAt(
  { metadata, status }: OwnedPod,
  terminated: ContainerState["terminated"],
): Date | undefined {
  const isSilent = status.phase !== "Failed" && status.phase !== "Succeeded";
  const byOthers = metadata.deletionTimestamp !== undefined || (terminated?.reason ?? "Error") !== "Error";
  if (!terminated || !isSilent || byOthers || !signalCodes.includes(terminated.exitCode)) return undefined;
  const endedAt = Date.parse(terminated.finishedAt ?? "");
  return endedAt > 0 ? new Date(endedAt + lastWordMs) : undefined;
}

/** A node's condition keeps a pod out; the same reason without these words tells of a limit of the pod's own. */
const nodeCondition = /^Pod (was rejected: )?The node had condition/;

/**
 * Whether the kubelet has refused the pod. It may do so to one that had been running, when it has itself been started anew.
 *
 * Its reasons are those of its admission: `OutOf<resource>`, and those listed. `Evicted` alone has two meanings, which nothing
 * but the message tells apart.
 */
export function isRejected({ reason = "", message = "" }: PodStatus): boolean {
  if (reason === "Evicted") return nodeCondition.test(message);
  return reason.startsWith("OutOf") || rejections.has(reason);
}

const rejections: ReadonlySet<string> = new Set([
  "NodeAffinity",
  "NodeShutdown",
  "UnexpectedAdmissionError",
  "AppArmor",
  "PodOSNotSupported",
]);
