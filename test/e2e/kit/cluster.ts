// The cluster as a user sees it: kubectl for what people type, client-node for what programs read.
import { execFile } from "node:child_process";

import { KubeConfig, KubernetesObjectApi, type KubernetesObject } from "@kubernetes/client-node";
import type { TaskRun } from "@stint/crds/taskrun";

/** Which of the two the scenarios run on: a real cluster, unless kit/devcluster.ts has started the other. */
export const isOnDevcluster = process.env["STINT_E2E"] === "devcluster";
/** Of this worker alone: files that run side by side do not see each other. */
export const namespace = `stint-e2e-${process.env["VITEST_POOL_ID"]}`;
export const operatorNamespace = "stint-system";

const kubeconfig = new KubeConfig();
kubeconfig.loadFromDefault();
const objects = KubernetesObjectApi.makeApiClient(kubeconfig);

/** What tests read of a pod. */
export interface PodObject extends KubernetesObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly {
      readonly name: string;
      readonly image?: string;
      readonly resources?: { readonly limits?: Record<string, string> };
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly containerID?: string;
      readonly state?: { readonly terminated?: { readonly reason?: string } };
    }[];
  };
}

interface Typed {
  readonly apiVersion: string;
  readonly kind: string;
}

const taskRun: Typed = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun" };
const taskBundle: Typed = { apiVersion: "stint.dev/v1alpha1", kind: "TaskBundle" };
const pod: Typed = { apiVersion: "v1", kind: "Pod" };

/** Runs kubectl in the test namespace. Rejects with its stderr when it fails. */
export function kubectl(args: readonly string[], { stdin = "" }: { stdin?: string } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile("kubectl", ["-n", namespace, ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`kubectl ${args.join(" ")}: ${stderr.trim() || error.message}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.end(stdin);
  });
}

/** Creates a run as a program would: nothing is added to what the test says. */
export async function createRun(name: string, spec: Record<string, unknown>, space = namespace): Promise<TaskRun> {
  return (await objects.create({
    ...taskRun,
    metadata: { name, namespace: space },
    spec,
  } as KubernetesObject)) as unknown as TaskRun;
}

export async function createBundle(name: string, spec: Record<string, unknown>, space = namespace): Promise<void> {
  await objects.create({ ...taskBundle, metadata: { name, namespace: space }, spec } as KubernetesObject);
}

export async function getRun(name: string, space = namespace): Promise<TaskRun> {
  return (await objects.read({ ...taskRun, metadata: { name, namespace: space } })) as unknown as TaskRun;
}

/** The pods of a run that still exist, in order of their attempts. */
export async function podsOf(run: string): Promise<PodObject[]> {
  const list = await objects.list<PodObject>(
    "v1",
    "Pod",
    namespace,
    undefined,
    undefined,
    undefined,
    undefined,
    `stint.dev/run=${run}`,
  );
  return list.items.toSorted((a, b) => String(a.metadata?.name).localeCompare(String(b.metadata?.name)));
}

/** The runs that a run started. */
export async function childrenOf(run: string): Promise<TaskRun[]> {
  const list = await objects.list(
    "stint.dev/v1alpha1",
    "TaskRun",
    namespace,
    undefined,
    undefined,
    undefined,
    undefined,
    `stint.dev/parent=${run}`,
  );
  return list.items as unknown as TaskRun[];
}

/** The run once it is Finished. */
export async function finished(name: string, timeoutSeconds = 120, space = namespace): Promise<TaskRun> {
  const ended = ["wait", "--for=condition=Finished", `taskrun/${name}`, `--timeout=${timeoutSeconds}s`];
  await kubectl(["-n", space, ...ended]);
  return getRun(name, space);
}

/** Creates a run and waits for its end. */
export async function runToEnd(name: string, spec: Record<string, unknown>, timeoutSeconds = 120): Promise<TaskRun> {
  await createRun(name, spec);
  return finished(name, timeoutSeconds);
}

/** Waits until the condition Succeeded of a run carries this reason. */
export async function reason(name: string, expected: string, timeoutSeconds = 60): Promise<void> {
  const path = `jsonpath={.status.conditions[?(@.type=="Succeeded")].reason}`;
  await kubectl(["wait", `--for=${path}=${expected}`, `taskrun/${name}`, `--timeout=${timeoutSeconds}s`]);
}

/** Asks again until the answer is there: for what kubectl cannot wait for. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs = 60_000): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    // oxlint-disable-next-line no-restricted-globals -- a real cluster has no other clock
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

export async function isGone(kind: "TaskRun" | "Pod", name: string): Promise<boolean> {
  try {
    await objects.read({ ...(kind === "Pod" ? pod : taskRun), metadata: { name, namespace } });
    return false;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === 404) return true;
    throw error;
  }
}

/** The reason that the run ended or waits with. */
export function reasonOf(run: TaskRun): string | undefined {
  return run.status?.conditions?.find(({ type }) => type === "Succeeded")?.reason;
}

export function messageOf(run: TaskRun): string | undefined {
  return run.status?.conditions?.find(({ type }) => type === "Succeeded")?.message;
}
