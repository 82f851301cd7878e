// Flags of a component of the control plane, in the text of its static pod. Only those named here are ever added, so that what the
// bench did can be taken back from any state, also that of a bench which was killed.

export type Flags = Readonly<Record<string, string>>;

/** The Job controller as somebody in a hurry would set it. */
export const tunedJobs: Flags = {
  "kube-api-qps": "1000",
  "kube-api-burst": "1000",
  "concurrent-job-syncs": "50",
};

/** The scheduler binds 50 pods a second unless told otherwise: that limit would be measured, and nothing else. */
export const tunedScheduler: Flags = { "kube-api-qps": "1000", "kube-api-burst": "1000" };

/**
 * Of the controller manager for all peers: on two cores that are full, the simulated nodes' leases come late, and their pods would be
 * deleted in the middle of a measure.
 */
export const patientWithNodes: Flags = { "node-monitor-grace-period": "600s" };

const ours: ReadonlySet<string> = new Set([tunedJobs, tunedScheduler, patientWithNodes].flatMap(Object.keys));

/** The same static pod with these flags of ours and no others. Throws if no command of `program` is found in it. */
export function withFlags(manifest: string, program: string, flags: Flags): string {
  const kept = manifest.split("\n").filter((line) => !ours.has(/^\s*- --([a-z-]+)=/.exec(line)?.[1] ?? ""));
  const command = kept.findIndex((line) => line.trim() === `- ${program}`);
  const [indent = ""] = /^\s*/.exec(kept[command] ?? "") ?? [];
  if (command === -1) throw new Error(`no command of ${program} in its manifest`);
  const added = Object.entries(flags).map(([name, value]) => `${indent}- --${name}=${value}`);
  return kept.toSpliced(command + 1, 0, ...added).join("\n");
}
