// Who is measured: ways to have a pod run to its end, each with the same container, the same requests and the same nodes.
import type { Request } from "../e2e/kit/audit.ts";
import { type Api, type ApiObject, userAgent } from "./api.ts";
import { type Flags, tunedJobs } from "./flags.ts";
import { nodeSelector } from "./kwok.ts";
import { leastEnd, leastPath, leastRun } from "./least.ts";
import { bundleName, deployBundle, operatorUser, sizeName, taskName } from "./stint.ts";

/** Whose CPU and memory count as the peer's own. */
type Controller = "operator" | "kube-controller-manager";

export interface Peer {
  readonly name: string;
  /** For people: its rates and workers. */
  readonly settings: string;
  /** What a namespace needs before runs can be triggered in it. */
  readonly prepare?: (api: Api, namespace: string) => Promise<void>;
  /** With `{namespace}` in it. */
  readonly path: string;
  readonly body: (name: string) => object;
  /** Where nobody does it: the pod that the bench makes with each run, and the run as it is once that has ended. */
  readonly byHand?: { readonly pod: (name: string) => object; readonly ended: (run: ApiObject) => object };
  /** Name of what a pod belongs to. */
  readonly ownerOf: (pod: ApiObject) => string | undefined;
  /** How an object stands by its own word; absent where nobody watches over the pod. */
  readonly end?: (object: ApiObject) => "open" | "succeeded" | "failed";
  readonly isOwn: (request: Request) => boolean;
  readonly controller?: Controller;
  /** Too slow to be asked for more runs than this. */
  readonly mostRuns?: number;
  /** Of the controller manager while it is measured. */
  readonly flags?: Flags;
}

const size = { cpu: "10m", memory: "16Mi" };

/** Never pulled: nobody runs it. */
const image = "bench.invalid/nothing:1";

/** With `{namespace}` in it. */
export const podsPath = "/api/v1/namespaces/{namespace}/pods";

const podSpec = {
  nodeSelector,
  restartPolicy: "Never",
  containers: [{ name: "task", image, resources: { requests: size, limits: size } }],
};

const barePod = (name: string): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { bench: "pod" } },
  spec: podSpec,
});

const barePods: Peer = {
  name: "bare pods",
  settings: "nobody watches over them",
  path: podsPath,
  body: barePod,
  ownerOf: ({ metadata }) => metadata.name,
  isOwn: (request) => request.userAgent === userAgent,
};

const least: Peer = {
  name: "the least",
  settings: "a bare pod, a TaskRun and one status of it, written by the bench; nobody watches over them",
  path: leastPath,
  body: leastRun,
  byHand: { pod: barePod, ended: leastEnd },
  ownerOf: ({ metadata }) => metadata.name,
  end: endOfRun,
  isOwn: (request) => request.userAgent === userAgent,
};

const jobController: Omit<Peer, "name" | "settings"> = {
  path: "/apis/batch/v1/namespaces/{namespace}/jobs",
  body: (name) => ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: { template: { metadata: { labels: { bench: "pod" } }, spec: podSpec } },
  }),
  ownerOf: ({ metadata }) => metadata.labels?.["batch.kubernetes.io/job-name"],
  end: (job) => (has(job, "Complete") ? "succeeded" : has(job, "Failed") ? "failed" : "open"),
  isOwn: ({ username }) => username === "system:serviceaccount:kube-system:job-controller",
  controller: "kube-controller-manager",
};

const defaultJobs: Peer = {
  ...jobController,
  name: "Jobs, default flags",
  settings: "20 requests/s, burst 30, 5 workers",
  mostRuns: 600,
};

const fastJobs: Peer = {
  ...jobController,
  name: "Jobs, tuned",
  settings: "1000 requests/s, burst 1000, 50 workers",
  flags: tunedJobs,
};

const stint: Peer = {
  name: "Stint",
  settings: "500 requests/s, burst 1000, 16 workers: the chart's defaults",
  prepare: deployBundle,
  path: "/apis/stint.dev/v1alpha1/namespaces/{namespace}/taskruns",
  body: (name) => ({
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskRun",
    metadata: { name },
    spec: { task: `${bundleName}/${taskName}`, input: [], instanceType: sizeName },
  }),
  ownerOf: ({ metadata }) => metadata.labels?.["stint.dev/run"],
  end: endOfRun,
  isOwn: ({ username, resource }) => username === operatorUser && resource !== "leases",
  controller: "operator",
};

/** In the order in which they are measured: what needs other flags comes last. */
export const peers: readonly Peer[] = [barePods, least, stint, defaultJobs, fastJobs];

function endOfRun(run: ApiObject): "open" | "succeeded" | "failed" {
  return !has(run, "Finished") ? "open" : has(run, "Succeeded") ? "succeeded" : "failed";
}

function has({ status }: ApiObject, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}
