// What holds of a bundle whatever happens to it: edits, lost pods, good and bad tasks from pods of any age, conflicts, and an
// operator that dies at any write.
import { label } from "@stint/crds/labels";
import type { Manifest } from "@stint/crds/manifest";
import type { Registering, TaskBundleSpec } from "@stint/crds/taskbundle";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { hashOfSpec } from "../../src/core/revision.ts";
import { controllerRevisions, pods, taskBundles, type Pod } from "../../src/effects/resources.ts";
import { aManifestTask } from "../builders.ts";
import { BundleBox } from "./bundle-in-a-box.ts";

class Crash extends Error {}

/** An image whose digest is known from its name, so that its tasks count as soon as they come. */
function pinned(digit: string): Partial<TaskBundleSpec> {
  return { source: { image: { reference: `registry.example/math@sha256:${digit.repeat(64)}` } } };
}

type Fate = (box: BundleBox) => unknown;

const oldest = (box: BundleBox): Pod | undefined => box.pods[0];
const newest = (box: BundleBox): Pod | undefined => (box.pods.length > 0 ? box.newestPod() : undefined);
const refOf = ({ metadata }: Pod) => ({ namespace: "team-a", name: metadata.name });
const dies = new Crash();

const fates = {
  editA: (box) => box.apply(pinned("a")),
  editB: (box) => box.apply(pinned("b")),
  editC: (box) => box.apply(pinned("c")),
  look: (box) => box.look(),
  restart: (box) => box.restart(),
  start: withPod(newest, (box, pod) => box.start(pod)),
  exit: withPod(newest, (box, pod) => box.exit(1, pod)),
  exitWell: withPod(newest, (box, pod) => box.exit(0, pod)),
  vanish: withPod(newest, (box, pod) => box.cluster.remove(pods, refOf(pod))),
  deletedByHand: withPod(newest, (box, pod) => box.cluster.deleteByHand(pods, refOf(pod))),
  loseNode: withPod(newest, (box, pod) => {
    box.start(pod);
    box.cluster.deleteByHand(pods, refOf(pod));
    box.setNode(false);
  }),
  healNode: (box) => box.setNode(true),
  post: withPod(newest, (box, pod) => post(box, pod, [aManifestTask()])),
  postFromOldest: withPod(oldest, (box, pod) => post(box, pod, [aManifestTask()])),
  postNothing: withPod(newest, (box, pod) => post(box, pod, [])),
  waitABit: (box) => box.clock.advance(1500),
  waitLong: (box) => box.clock.advance(70_000),
  waitForever: (box) => box.clock.advance(400_000),
  dieBeforeStatus: (box) => box.cluster.failNext("replaceStatus", taskBundles, dies),
  dieAfterStatus: (box) => box.cluster.commitThenFailNext("replaceStatus", taskBundles, dies),
  dieAfterPod: (box) => box.cluster.commitThenFailNext("create", pods, dies),
  dieAfterRevision: (box) => box.cluster.commitThenFailNext("create", controllerRevisions, dies),
  editDuringStatus: (box) => box.cluster.beforeNext("replaceStatus", taskBundles, () => box.apply(pinned("c"))),
  editDuringRevision: (box) => box.cluster.beforeNext("create", controllerRevisions, () => box.apply(pinned("d"))),
} as const satisfies Record<string, Fate>;
type FateName = keyof typeof fates;

const common: readonly FateName[] = ["look", "look", "look", "start", "post", "postFromOldest", "loseNode", "waitABit"];
const history = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...common) },
    { weight: 1, arbitrary: fc.constantFrom(...(Object.keys(fates) as FateName[])) }, // its own keys
  ),
  { maxLength: 40 },
);

/** What must never change once it was seen. */
interface Memory {
  readonly revisions: Map<number, string>;
  /** The spec for which a number was given. */
  readonly specs: Map<number, string>;
  readonly failed: Set<number>;
  revision: number;
  lastRevision: number;
}

test("whatever happens, no law of a bundle is broken, and it comes to rest", async () => {
  await fc.assert(
    fc.asyncProperty(history, async (names) => {
      expect(await play(names)).toEqual([]);
    }),
    { numRuns: 150 },
  );
}, 30_000);

/** Plays a history and says which laws it broke. */
async function play(names: readonly FateName[]): Promise<string[]> {
  const box = new BundleBox();
  const memory: Memory = { revisions: new Map(), specs: new Map(), failed: new Set(), revision: 0, lastRevision: 0 };
  box.apply(pinned("a"));
  for (const name of names) {
    await survive(box, () => fates[name](box));
    const found = broken(box, memory);
    if (found.length > 0) return found;
  }
  return [...(await atRest(box)), ...broken(box, memory)];
}

/** Deaths and conflicts may still be to come. */
async function lookOften(box: BundleBox): Promise<void> {
  for (let look = 0; look < 40; look++) await survive(box, () => box.look());
}

/** A crash ends the process; a conflict ends the look. Either way somebody looks again. */
async function survive(box: BundleBox, step: () => unknown): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (error instanceof Crash) box.restart();
    else if (!isConflict(error)) throw error;
  }
}

function broken(box: BundleBox, memory: Memory): string[] {
  const names = box.livePods.map(({ metadata }) => metadata.name);
  return [
    ...brokenNumbers(box, memory),
    ...brokenRevisions(box, memory),
    ...(new Set(names).size < names.length ? ["two pods of one attempt"] : []),
  ];
}

function brokenNumbers({ status }: BundleBox, memory: Memory): string[] {
  const found: string[] = [];
  const { revision = 0, lastRevision = 0, registering } = status;
  if (revision < memory.revision || lastRevision < memory.lastRevision) found.push("a number went back");
  if (Math.max(revision, registering?.revision ?? 0) > lastRevision) found.push("a number that was never given");
  Object.assign(memory, { revision, lastRevision });
  if (memory.failed.has(revision)) found.push("a failed revision serves");
  return registering ? [...found, ...brokenRegistration(registering, memory)] : found;
}

function brokenRegistration({ revision, state, specHash }: Registering, { failed, specs }: Memory): string[] {
  const found = (specs.get(revision) ?? specHash) === specHash ? [] : ["a number given twice"];
  if (state === "RegistrationFailed") failed.add(revision);
  specs.set(revision, specHash);
  return found;
}

function brokenRevisions({ status, cluster }: BundleBox, memory: Memory): string[] {
  const found: string[] = [];
  const made = new Map(
    cluster.peekAll(controllerRevisions).map(({ revision, data }) => [revision, JSON.stringify(data)]),
  );
  for (const [number, text] of made) {
    if ((memory.revisions.get(number) ?? text) !== text) found.push("a revision changed");
    memory.revisions.set(number, text);
  }
  if (status.revision !== undefined && !made.has(status.revision)) found.push("Ready without its revision");
  return found;
}

/** Left alone, it comes to rest: nothing of the past lives on, and Ready says whether the present spec is served. */
async function atRest(box: BundleBox): Promise<string[]> {
  await lookOften(box);
  await box.clock.advance(60_000);
  await lookOften(box);
  const found: string[] = [];
  const before = box.cluster.writes.length;
  await box.look();
  if (box.cluster.writes.length > before) found.push("not settled");

  const { status, bundle, revisions, livePods } = box;
  const serves = bundle !== undefined && status.specHash === hashOfSpec(bundle.spec);
  if ((box.ready === "True Registered") !== serves) found.push("Ready does not tell whether the spec is served");
  if (revisions.some((number) => number > (status.revision ?? 0))) found.push("a revision that never was Ready");
  const strangers = livePods.filter(({ metadata }) => metadata.name !== status.registering?.podName);
  if (strangers.length > 0) found.push("a pod of the past lives on");
  return found;
}

/** Only the current attempt is told that its tasks were accepted, and it then finds them recorded. */
async function post(box: BundleBox, pod: Pod, tasks: Manifest): Promise<void> {
  const { name, uid, labels } = pod.metadata;
  const number = Number(labels?.[label.revision]);
  const before = box.status;
  const answer = await box.post(tasks, pod);
  if (answer !== "accepted") return;

  const { revision, registering } = box.status;
  const wasCurrent = before.registering?.podName === name || before.revision === number;
  const isFailed = registering?.state === "RegistrationFailed" && registering.podUid === uid;
  if (!wasCurrent || !(revision === number || isFailed)) throw new Error(`accepted, and had no say: ${name}`);
}

function withPod(pick: (box: BundleBox) => Pod | undefined, act: (box: BundleBox, pod: Pod) => unknown): Fate {
  return (box) => {
    const pod = pick(box);
    return pod && act(box, pod);
  };
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && "reason" in error && (error.reason === "conflict" || error.reason === "notFound");
}
