// What runners and gateways say to each other, as stories that between them meet every route of /attempt/v1/.
//
// A story is played twice: once by a real runner, when a version is recorded, and from then on by its recording. So the world
// it plays in depends on nothing but what was said.
import type { podContract } from "@stint/crds/attempt";
import { annotation, podName } from "@stint/crds/labels";
import { sha256Hex } from "@stint/crds/hash";
import { canonicalJson, type Json } from "@stint/crds/json";
import type { Manifest } from "@stint/crds/manifest";

import { type Outcome, outcomeOf } from "../../operator/src/core/outcome.ts";
import { taskRuns } from "../../operator/src/effects/resources.ts";
import { after, anAcceptedRun, anAttempt, aPod, podUid, stamp } from "../../operator/test/builders.ts";
import { type Answer, GatewayBox } from "../../operator/test/gateway/gateway-in-a-box.ts";

/** One request of a runner, and what it was answered. */
export interface Exchange {
  /** For example `POST report`. */
  readonly call: string;
  readonly body?: unknown;
  readonly status: number;
  readonly answer: unknown;
}

/** What a version's runner and gateway said in one story. */
export interface Conversation {
  readonly story: string;
  readonly exchanges: readonly Exchange[];
  /** The termination message that was left (S53), and what is made of it where no report came. */
  readonly lastWords?: { readonly text: string; readonly outcome: Outcome | undefined };
}

export interface Recording {
  /** The version of Stint. */
  readonly version: string;
  /** What the pods of that version are given, and where it looks for it. */
  readonly pod: typeof podContract;
  /** The tasks as that version registers them, by which its runs are started ever after (S8). */
  readonly manifest: Manifest;
  readonly conversations: readonly Conversation[];
}

export interface Story {
  readonly title: string;
  /** Absent: the pod registers. */
  readonly task?: string;
  readonly input?: readonly Json[];
  /** The kubelet ends the pod as soon as the function waits: the runner asks why. */
  readonly isStopped?: boolean;
  /** No report is taken. */
  readonly isCutOff?: boolean;
  /** What becomes of the world once a call is answered. */
  readonly after?: (call: string, answer: unknown, box: GatewayBox) => void | Promise<void>;
}

const registration = { podName: "math-abcde-r1-1", podUid: "registration-uid" };

export const stories: readonly Story[] = [
  { title: "registers its tasks" },
  { title: "succeeds", task: "square", input: [4] },
  { title: "throws", task: "broken", input: [] },
  { title: "asks for a wait", task: "later", input: [] },
  { title: "asks for a retry", task: "again", input: [] },
  { title: "asks for no retry", task: "never", input: [] },
  { title: "has its retry denied", task: "picky", input: [] },
  { title: "tells of its progress and its name", task: "shows", input: [7] },
  { title: "awaits children, one of which fails", task: "sum", input: [3, 4], after: endChildren },
  { title: "awaits a child by its key", task: "keyed", input: [], after: endChildren },
  { title: "lets a child wait for another", task: "ordered", input: [], after: endChildren },
  { title: "has a child done again, and cancels one", task: "manages", input: [], after: endChildren },
  { title: "reads what a child yields", task: "total", input: [3], after: yieldThree },
  { title: "yields to one that reads", task: "count", input: [3] },
  { title: "hands subtasks over", task: "hands", input: [] },
  { title: "triggers a run", task: "triggers", input: [] },
  { title: "keeps something in the tree's cache", task: "remembers", input: [] },
  { title: "is canceled", task: "patient", input: [], isStopped: true, after: cancelOnceAssigned },
  { title: "finds no gateway for its report", task: "square", input: [4], isCutOff: true },
];

/** A gateway whose world is as the story begins. */
export async function openWorld({ task, input = [] }: Story, manifest: Manifest): Promise<GatewayBox> {
  const box = await GatewayBox.open();
  if (task === undefined) return box;
  const annotations = { [annotation.read]: "true" };
  box.seedManifest(manifest);
  box.seedRun(
    anAcceptedRun(
      [anAttempt()],
      {
        metadata: { annotations },
        spec: { task: `math/${task}` },
        status: { inputHash: sha256Hex(canonicalJson(input)) },
      },
      { kind: "Running", reason: "AttemptRunning" },
    ),
    input,
  );
  return box;
}

/** Asks the gateway as the story's pod. */
export async function ask(
  box: GatewayBox,
  { task }: Story,
  { call, body }: Pick<Exchange, "call" | "body">,
): Promise<Answer> {
  const [method = "", path = ""] = call.split(" ");
  const token = task === undefined ? await box.token(registration) : await box.token();
  return box.ask(method, path, body, { token });
}

/** How an attempt has ended of whose pod nothing is left but its termination message; `undefined` without one. */
export function outcomeFrom(message: string | undefined): Outcome | undefined {
  if (message === undefined) return undefined;
  const terminated = { exitCode: 1, reason: "Error", message, startedAt: stamp(1), finishedAt: stamp(5) };
  const pod = aPod(1, "Failed", { container: { terminated } });
  return outcomeOf(anAttempt(), pod, { now: after(60), cancelStored: false, timeoutSeconds: 600 });
}

/** The children that an answer tells of end as their tasks would have them end. */
function endChildren(call: string, answer: unknown, box: GatewayBox): void {
  if (call !== "POST children") return;
  for (const { name } of childrenIn(answer)) {
    const run = box.run(name);
    const isBroken = run?.spec.task.startsWith("math/broken") ?? false;
    const error = { name: "RangeError", message: "out of range" };
    if (isBroken) box.finish(name, "Failed", { attemptCount: 4, error });
    else box.finish(name, "Succeeded", { attemptCount: 1, result: 16 });
  }
}

/** The child that an answer tells of yields three values and ends. */
async function yieldThree(call: string, answer: unknown, box: GatewayBox): Promise<void> {
  const [child] = call === "POST children" ? childrenIn(answer) : [];
  const run = child && box.run(child.name);
  if (!run) return;
  const { name, uid } = run.metadata;
  const pod = { podName: podName({ name, uid }, 1), podUid: podUid(1) };
  const attempts = [anAttempt(1, pod)];
  const { labels } = run.metadata;
  const metadata = { name, uid, ...(labels && { labels }) };
  box.seedRun(anAcceptedRun(attempts, { metadata }, { kind: "Running", reason: "AttemptRunning" }), [3]);
  await box.post("values", { chunk: 0, values: [1, 2, 3], sealed: false }, { token: await box.token(pod) });
  box.finish(name, "Succeeded", { attemptCount: 1, attempts, result: [1, 2, 3] });
}

function cancelOnceAssigned(call: string, _: unknown, box: GatewayBox): void {
  if (call !== "GET assignment") return;
  const { namespace, name } = box.run()?.metadata ?? {};
  if (namespace === undefined || name === undefined) return;
  box.cluster.edit(taskRuns, { namespace, name }, (run) => ({ ...run, spec: { ...run.spec, cancel: true } }));
}

function childrenIn(answer: unknown): readonly { readonly name: string }[] {
  return (answer as { children: { name: string }[] }).children; // the gateway's own answer
}
