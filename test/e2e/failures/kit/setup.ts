// What the scenarios of failures share: their namespace and bundle, the watches that time them, who has paid.
import type { TaskRun } from "@stint/crds/taskrun";

import { createRun, finished, kubectl, podsOf, reason } from "../../kit/cluster.ts";
import { containerOf, signalContainer } from "../../kit/nodes.ts";
import { EndWatch, recordEnd } from "./ends.ts";
import { prepareNamespace, addBundle } from "../../kit/prepare.ts";
import type { CauseId } from "../causes.ts";

export const ends = new EndWatch();

/** The namespace, new, with the bundle of tasks.ts in it as `failures`; `spec` adds to it. Call `ends.stop()` when all is done. */
export async function prepareFailures(spec: Record<string, unknown> = {}): Promise<void> {
  await prepareNamespace();
  await addBundle("failures", "failures/tasks.ts", spec);
  await ends.start();
}

/** An instance type of its own, small but for `resources`. It is cluster-scoped and stays. */
export async function instanceType(name: string, resources: Record<string, string>): Promise<void> {
  const spec = { resources: { cpu: "100m", memory: "96Mi", ...resources } };
  const type = { apiVersion: "stint.dev/v1alpha1", kind: "InstanceType", metadata: { name }, spec };
  await kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(type) });
}

export const byUser = { userRetries: 1, infrastructureRetries: 0 };
export const byInfrastructure = { userRetries: 0, infrastructureRetries: 1 };
export const byNobody = { userRetries: 0, infrastructureRetries: 0 };

/** How the first attempt ended, and who has paid for those after it. */
export function paid({ status }: TaskRun): object {
  const { attempts, userRetries = 0, infrastructureRetries = 0 } = status ?? {};
  const [first] = attempts ?? [];
  return { end: `${first?.class} ${first?.reason}`, says: first?.error?.message, userRetries, infrastructureRetries };
}

/** A run that holds until something is done to its pod. Its second attempt succeeds. */
export async function disturbed(
  run: string,
  task: string,
  disturb: (pod: string) => Promise<unknown>,
): Promise<TaskRun> {
  await createRun(run, { task: `failures/${task}`, input: [1] });
  await reason(run, "AttemptRunning");
  await disturb(await podOf(run));
  return finished(run);
}

/** The name of a run's newest pod. */
export async function podOf(run: string): Promise<string> {
  return String((await podsOf(run)).at(-1)?.metadata?.name);
}

/** Kills the first process of a pod's container, as nobody inside of it can. */
export async function kill(pod: string): Promise<void> {
  await signalContainer(await containerOf(pod), "SIGKILL");
}

/**
 * What a run that was out of memory is to say. A busy containerd may miss the kernel's notice, and then nothing in the pod tells
 * the kill from any other.
 */
export async function memoryEnd(run: string): Promise<{ readonly reason: string; readonly says: string }> {
  const [pod] = await podsOf(run);
  return pod?.status?.containerStatuses?.[0]?.state?.terminated?.reason === "OOMKilled"
    ? { reason: "OutOfMemory", says: "container exceeded its memory limit" }
    : { reason: "Killed", says: "process exited with code 137 before completing the task" };
}

/** Keeps how long the run took to tell of its first attempt's end after its pod had ended. */
export async function measure(cause: CauseId, run: string): Promise<void> {
  recordEnd({ cause, ...(await ends.afterPodEnd(run)) });
}
