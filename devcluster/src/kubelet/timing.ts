// How long the cluster's own parts wait. The defaults are those of Kubernetes; a test shortens them.

export interface Timing {
  /** How often the resident size of a container with a memory limit is looked at. */
  readonly memoryLookMs: number;
  /** How often what a pod has written is measured against its limits. */
  readonly storageLookMs: number;
  /** First wait before an image is looked for again; doubles up to 30 times as long. */
  readonly imageBackoffMs: number;
  /** Wait before a volume or an environment that could not be made is tried again. */
  readonly configRetryMs: number;
  /** How long a silent kubelet is believed to be alive. */
  readonly nodeMonitorGraceMs: number;
  /** How long a node has to be gone before its pods are collected. */
  readonly podGcQuarantineMs: number;
}

export const kubernetesTiming: Timing = {
  memoryLookMs: 200,
  storageLookMs: 10_000,
  imageBackoffMs: 10_000,
  configRetryMs: 2_000,
  nodeMonitorGraceMs: 50_000,
  podGcQuarantineMs: 40_000,
};
