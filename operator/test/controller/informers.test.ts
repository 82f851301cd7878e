import { component, label } from "@stint/crds/labels";
import { beforeEach, expect, test } from "vitest";

import { withSituation } from "../../src/core/status.ts";
import { controllerRevisions, pods, taskRuns } from "../../src/effects/resources.ts";
import { anAttempt, aPod, bundleUid, namespace, runUid, stamp, t0 } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { InformersBox } from "./informers-in-a-box.ts";

const ref = { namespace, name: anAttempt().podName };
const key = `${ref.namespace}/${ref.name}`;

let box: InformersBox;

beforeEach(async () => {
  box = new InformersBox();
  await box.follow();
  return () => box[Symbol.dispose]();
});

function tell(state: object, phase = "Running"): void {
  box.cluster.setStatus(pods, ref, { phase, containerStatuses: [{ name: "task", state }] });
}

async function seenAfter(ms: number): Promise<Date | undefined> {
  await box.clock.advance(ms);
  return box.informers.pods.cache.get(key)?.runningSeenAt;
}

test("a pod keeps the instant at which it was first seen running, to its end (S154)", async () => {
  box.cluster.seed(pods, aPod(1, "Pending"));
  const waiting = await seenAfter(1000);
  tell({ running: { startedAt: stamp(0) } });
  const first = await seenAfter(0);

  box.cluster.edit(pods, ref, (pod) => ({ ...pod, metadata: { ...pod.metadata, annotations: { note: "later" } } }));
  const later = await seenAfter(5000);
  tell({ terminated: { exitCode: 0 } }, "Succeeded");

  expect(waiting).toBeUndefined();
  expect(first).toEqual(new Date(box.clock.now().getTime() - 5000));
  expect([later, await seenAfter(5000)]).toEqual([first, first]);
});

test("a pod under the same name is another pod, and has not been seen yet, though a list brings it", async () => {
  box.cluster.seed(pods, aPod());
  const first = await seenAfter(5000);
  const release = box.cluster.holdBack(pods);
  box.cluster.seed(pods, aPod(1, "Running", { metadata: { uid: "again" } }));

  box.cluster.endWatches(apiError("gone"));
  const again = await seenAfter(0);
  release();

  expect(box.informers.pods.cache.get(key)?.metadata.uid).toBe("again");
  expect(again).toEqual(new Date((first?.getTime() ?? 0) + 5000));
});

test("pods and revisions of others are not kept: memory follows our own", async () => {
  const seedPod = (name: string, value: string) =>
    box.cluster.seed(pods, {
      metadata: { namespace, name, uid: name, labels: { [label.component]: value } },
      spec: {},
    });
  seedPod("attempt", component.attempt);
  seedPod("registration", component.registration);
  seedPod("foreign", "web");
  box.cluster.seed(controllerRevisions, { metadata: { namespace, name: "web-1", uid: "web-1" }, revision: 1 });

  await box.caughtUp();

  expect(box.informers.pods.cache.list().map(({ metadata }) => metadata.name)).toEqual(["attempt", "registration"]);
  expect(box.informers.revisions.cache.list()).toEqual([]);
});

test("runs are found by their parent, by their tree, and by the bundle that they wait for while they live", async () => {
  const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "square-4", uid: runUid, controller: true };
  const labels = { [label.rootUid]: runUid };
  box.cluster.seed(taskRuns, { metadata: { namespace, name: "square-4", uid: runUid }, spec: { task: "math/square" } });
  box.cluster.seed(taskRuns, {
    metadata: { namespace, name: "child", uid: "child", labels, ownerReferences: [owner] },
    spec: { task: "math/square:2" },
    status: withSituation({}, { kind: "Succeeded", reason: "Completed" }, { now: t0, generation: 1 }),
  });

  await box.caughtUp();

  const names = (index: "owner" | "root" | "bundle", value: string) =>
    box.informers.runs.cache.by(index, value).map(({ metadata }) => metadata.name);
  expect(names("owner", runUid)).toEqual(["child"]);
  expect(names("root", runUid)).toEqual(["square-4", "child"]);
  expect(names("bundle", "team-a/math")).toEqual(["square-4"]);
});

test("pods are found by their run and by their node, revisions by their bundle", async () => {
  const owner = { kind: "TaskBundle", name: "math", uid: bundleUid, controller: true };
  const labels = { [label.component]: component.bundle };
  box.cluster.seed(pods, aPod());
  box.cluster.seed(controllerRevisions, {
    metadata: { namespace, name: "math-r1", uid: "math-r1", labels, ownerReferences: [owner] },
    revision: 1,
  });

  await box.caughtUp();

  const { pods: cachedPods, revisions } = box.informers;
  expect(cachedPods.cache.by("owner", runUid)).toHaveLength(1);
  expect(cachedPods.cache.by("node", "node-1")).toHaveLength(1);
  expect(revisions.cache.by("bundle", bundleUid)).toHaveLength(1);
});
