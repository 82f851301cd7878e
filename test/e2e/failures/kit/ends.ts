// How long it takes until a run tells of an attempt's end. Two watches, one of pods and one of runs, are read by this process's
// clock: kubelets date ends in whole seconds, and on clocks of their own.
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { KubeConfig, Watch } from "@kubernetes/client-node";
import type { TaskRun } from "@stint/crds/taskrun";

import type { CauseId } from "../causes.ts";
import { eventually, namespace, reasonOf, type PodObject } from "../../kit/cluster.ts";

/** One measured end. */
export interface MeasuredEnd {
  readonly cause: CauseId;
  /** From what the cause says until the run tells; below 0 where the runner's report came first. */
  readonly ms: number;
  /** The same from the pod's terminal phase, which the kubelet writes 1 to 2 s after the container's end. */
  readonly afterPhaseMs?: number;
  /** One of many ends of several causes, some of them at the same time. */
  readonly mixed?: true;
}

export const measuredEndsFile = join(import.meta.dirname, "../../dist/ends.jsonl");

/** Kept until `bounds.ts` makes a table of it. */
export function recordEnd(end: MeasuredEnd): void {
  mkdirSync(join(measuredEndsFile, ".."), { recursive: true });
  appendFileSync(measuredEndsFile, `${JSON.stringify(end)}\n`);
}

/** What the watches have shown of the test namespace since {@link EndWatch.start}. */
export class EndWatch {
  readonly #containers = new Map<string, number>();
  readonly #phases = new Map<string, number>();
  readonly #records = new Map<string, number>();
  readonly #stopped = new AbortController();

  async start(): Promise<void> {
    const { signal } = this.#stopped;
    await Promise.all([
      watch(`/api/v1/namespaces/${namespace}/pods`, signal, (type, pod: PodObject) => this.#sawPod(type, pod)),
      watch(`/apis/stint.dev/v1alpha1/namespaces/${namespace}/taskruns`, signal, (_, run: TaskRun) =>
        this.#sawRun(run),
      ),
    ]);
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** From the end of an attempt's container, and of its pod, to its record in the run's status. */
  async afterPodEnd(run: string, attempt = 1): Promise<{ readonly ms: number; readonly afterPhaseMs: number }> {
    const key = `${run}/${attempt}`;
    const recorded = await this.recordedAt(run, attempt);
    const phase = await eventually(`the pod of ${key} has ended`, async () => this.#phases.get(key));
    return { ms: recorded - (this.#containers.get(key) ?? phase), afterPhaseMs: recorded - phase };
  }

  /** When a watch brought the record of the attempt's end, by `Date.now()`. */
  recordedAt(run: string, attempt = 1): Promise<number> {
    return this.#recordOf(`${run}/${attempt}`);
  }

  /** When a watch first brought the run with this reason in its condition Succeeded. */
  toldAt(run: string, reason: string): Promise<number> {
    return this.#recordOf(`${run}: ${reason}`);
  }

  #recordOf(key: string): Promise<number> {
    return eventually(`the run tells of ${key}`, async () => this.#records.get(key));
  }

  #sawPod(type: string, pod: PodObject): void {
    const { "stint.dev/run": run, "stint.dev/attempt": attempt } = pod.metadata?.labels ?? {};
    if (run === undefined) return;
    const key = `${run}/${attempt}`;
    const hasPhase = type === "DELETED" || ["Failed", "Succeeded"].includes(pod.status?.phase ?? "");
    if (hasPhase) first(this.#phases, key);
    if (hasPhase || hasEndedTask(pod)) first(this.#containers, key);
  }

  #sawRun(run: TaskRun): void {
    const { metadata, status } = run;
    first(this.#records, `${metadata.name}: ${reasonOf(run)}`);
    for (const { number, finishedAt } of status?.attempts ?? [])
      if (finishedAt !== undefined) first(this.#records, `${metadata.name}/${number}`);
  }
}

function first(times: Map<string, number>, key: string): void {
  if (!times.has(key)) times.set(key, Date.now());
}

/** An injected container may keep the pod running. */
function hasEndedTask({ status }: PodObject): boolean {
  return status?.containerStatuses?.find(({ name }) => name === "task")?.state?.terminated !== undefined;
}

/** Until `stopped`: a watch that nothing happens on is closed now and then. Each begins with all that there is. */
async function watch(path: string, stopped: AbortSignal, see: Parameters<Watch["watch"]>[2]): Promise<void> {
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromDefault();
  const again = (): void => {
    if (!stopped.aborted) void watch(path, stopped, see);
  };
  const request = await new Watch(kubeconfig).watch(path, {}, see, again);
  stopped.addEventListener("abort", () => request.abort());
}
