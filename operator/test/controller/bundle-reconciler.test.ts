import { describe, expect, test } from "vitest";

import { configMaps, controllerRevisions, pods, taskBundles } from "../../src/effects/resources.ts";
import { anAcceptedRun, bundleUid, namespace } from "../builders.ts";
import { aReadyBox, BundleBox, image, register } from "./bundle-in-a-box.ts";

describe("a bundle that registers", () => {
  test("becomes Ready through the pod that it starts", async () => {
    const box = new BundleBox();
    box.apply({ source: { inline: "export const square: unknown = 1;" } });

    await box.settle();
    box.start();
    await box.settle();
    const registering = box.ready;
    const answer = await box.post();

    expect(registering).toBe("Unknown Registering");
    expect(answer).toBe("accepted");
    expect(box.ready).toBe("True Registered");
    expect(box.status).toMatchObject({ revision: 1, tasks: [{ name: "square", kind: "Task" }] });
    expect(box.revisions).toEqual([1]);
    expect(box.codes).toEqual([box.codeOf(1)]);
  });

  test("costs six writes, the intent before everything else and the acknowledgement after", async () => {
    const box = new BundleBox();
    box.apply({ source: { inline: "export {};" } });

    await box.settle();
    box.start();
    await box.settle();
    await box.post();

    expect(box.writes).toEqual([
      "replaceStatus taskbundles",
      "create configmaps",
      "create pods",
      "replaceStatus taskbundles",
      "create controllerrevisions",
      "replaceStatus taskbundles",
    ]);
  });

  test("has its code without types in an immutable ConfigMap, which its pod mounts", async () => {
    const box = new BundleBox();
    box.apply({ source: { inline: "export const square: unknown = 1;" } });

    await box.settle();

    const code = box.cluster.peek(configMaps, { namespace, name: box.codeOf(1) });
    expect(code).toMatchObject({ immutable: true, data: { "bundle.mjs": "export const square          = 1;" } });
    expect(JSON.stringify(box.newestPod().spec)).toContain(`"configMap":{"name":"${box.codeOf(1)}"}`);
  });

  test("gives its pod the time to read the answer, and removes it once it has ended", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();
    box.start();
    await box.post();

    await box.settle();
    const whileRunning = box.livePods.length;
    box.exit(0);
    await box.settle();

    expect(whileRunning).toBe(1);
    expect(box.pods).toEqual([]);
  });

  test("removes a pod that has not ended 45 s after its tasks came", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();
    box.start();
    await box.post();

    await box.advance(44);
    const before = box.livePods.length;
    await box.advance(1);

    expect([before, box.livePods.length]).toEqual([1, 0]);
  });

  test("pins the digest that the runtime knows", async () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();
    box.start(undefined, `registry.example/math@${digest}`);

    await box.post();

    const revision = box.cluster.peekAll(controllerRevisions)[0];
    expect(revision?.data).toMatchObject({ image: `registry.example/math@${digest}`, digest });
    expect(box.status.digest).toBe(digest);
  });

  test("does not take the tasks of an image before the kubelet has told which one it runs", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();

    const early = await box.post();
    box.start();
    const later = await box.post();

    expect([early, later]).toEqual(["notYet", "accepted"]);
    expect(box.status.digest).toBe("unknown");
  });
});

describe("a broken source", () => {
  test("fails the revision before any pod is made", async () => {
    const box = new BundleBox();
    box.apply({ source: { inline: "export const = ;" } });

    await box.settle();

    expect(box.ready).toBe("False InvalidSource");
    expect(box.status.registering).toMatchObject({ revision: 1, state: "RegistrationFailed" });
    expect([...box.pods, ...box.codes]).toEqual([]);
    expect(box.events).toMatchObject([{ type: "Warning", reason: "InvalidSource" }]);
  });

  test("that is mended registers as the next revision", async () => {
    const box = new BundleBox();
    box.apply({ source: { inline: "export const = ;" } });
    await box.settle();

    box.apply(image("2"));
    await register(box);

    expect(box.status.revision).toBe(2);
    expect(box.ready).toBe("True Registered");
  });

  test("that is not there is found when it comes", async () => {
    const box = new BundleBox();
    box.apply({ source: { configMap: { name: "code", key: "tasks.mjs" } } });

    await box.settle();
    const missing = box.ready;
    box.cluster.seed(configMaps, {
      metadata: { name: "code", namespace, uid: "code" },
      data: { "tasks.mjs": "export {};" },
    });
    await box.advance(1);

    expect(missing).toBe("False SourceNotFound");
    expect(box.ready).toBe("Unknown Registering");
    expect(box.codes).toEqual(["code", box.codeOf(1)]);
  });
});

describe("a new spec while one registers", () => {
  test("abandons the revision, its number, its pod and its code", async () => {
    const box = new BundleBox();
    box.apply({ source: { inline: "export {};" } });
    await box.settle();
    const abandoned = box.newestPod();

    box.apply(image("2"));
    await register(box);

    expect(box.pods.map(({ metadata }) => metadata.uid)).not.toContain(abandoned.metadata.uid);
    expect(box.status.revision).toBe(2);
    expect(box.revisions).toEqual([2]);
    expect(box.codes).toEqual([]);
  });

  test("refuses what the abandoned pod then posts", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();
    const abandoned = box.newestPod();
    box.start(abandoned);

    box.apply(image("2"));
    const beforeTheOperatorSawIt = await box.post(undefined, abandoned);
    await box.settle();
    const afterwards = await box.post(undefined, abandoned);

    expect([beforeTheOperatorSawIt, afterwards]).toEqual(["notCurrent", "notCurrent"]);
    expect(box.revisions).toEqual([]);
  });

  test("removes the revision that a gateway was just making of the abandoned one", async () => {
    const box = await aReadyBox();
    box.apply(image("2"));
    await box.settle();
    const abandoned = box.newestPod();
    box.start(abandoned);
    box.cluster.beforeNext("create", controllerRevisions, () => box.apply(image("3")));

    const answer = await box.post(undefined, abandoned);
    await box.settle();

    expect(answer).toBe("notCurrent");
    expect(box.revisions).toEqual([1]);
  });

  test("that is the Ready one again goes back to it without another registration", async () => {
    const box = await aReadyBox();
    box.apply(image("2"));
    await box.settle();

    box.apply(image("1"));
    await box.settle();

    expect(box.ready).toBe("True Registered");
    expect(box.status).toMatchObject({ revision: 1, lastRevision: 2 });
    expect(box.livePods).toEqual([]);
  });
});

describe("a registration pod that the cluster loses", () => {
  test("is replaced after a wait, under another name", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();
    box.start();
    await box.settle();
    const first = box.newestPod();

    box.cluster.remove(pods, { namespace, name: first.metadata.name });
    await box.settle();
    const whileWaiting = box.pods.length;
    await box.advance(1);

    expect(whileWaiting).toBe(0);
    expect(box.newestPod().metadata.name).toMatch(/-r1-2$/);
    expect(box.status.registering).toMatchObject({ revision: 1, attempt: 2, infrastructureRetries: 1 });
  });

  test("has no say any more once it is replaced", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();
    const lost = box.newestPod();
    box.start(lost);
    await box.settle();
    box.cluster.deleteByHand(pods, { namespace, name: lost.metadata.name });
    box.setNode(false);
    await box.settle();

    const answer = await box.post(undefined, lost);

    expect(answer).toBe("notCurrent");
    expect(box.revisions).toEqual([]);
  });

  test("is not taken for lost because the cache does not show it yet", async () => {
    const box = new BundleBox({ caches: { pods: { get: () => undefined, by: () => [], list: () => [] } } });
    box.apply(image("1"));
    await box.look();
    box.start();
    const { registering } = box.status;
    box.cluster.setStatus(
      taskBundles,
      { namespace, name: "math" },
      {
        ...box.status,
        registering: { ...registering, state: "Registering", podUid: box.newestPod().metadata.uid },
      },
    );

    await box.look();

    expect(box.status.registering).toMatchObject({ attempt: 1, podUid: box.newestPod().metadata.uid });
  });
});

test("eleven revisions later the first is gone, unless a live run is pinned to it", async () => {
  const pinned = anAcceptedRun([], { status: { revision: 1, bundleUid } });
  const box = await aReadyBox(
    new BundleBox({ caches: { runs: { get: () => undefined, by: () => [pinned], list: () => [pinned] } } }),
  );
  for (let tag = 2; tag <= 12; tag++) {
    box.apply(image(String(tag)));
    await register(box);
  }

  await box.settle();

  expect([...box.revisions].toSorted((a, b) => a - b)).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test("nothing is decided on a cache that is older than the last write", async () => {
  const box = await aReadyBox();
  const stale = box.bundle;
  box.apply(image("2"));
  await box.look();
  const writes = box.cluster.writes.length;
  box.showOnly(stale);

  const result = await box.look();

  expect(result).toEqual({ kind: "requeueAt", at: new Date(box.clock.now().getTime() + 5000) });
  expect(box.cluster.writes).toHaveLength(writes);
});

test("what the cache does not show after 5 s is read live", async () => {
  const box = await aReadyBox();
  const stale = box.bundle;
  box.apply(image("2"));
  await box.look();
  box.showOnly(stale);

  await box.clock.advance(5000);
  await box.look();

  expect(box.status.registering).toMatchObject({ revision: 2 });
  expect(box.livePods).toHaveLength(1);
});

test("a bundle that is gone is nobody's to plan for", async () => {
  const box = new BundleBox();

  expect(await box.look()).toEqual({ kind: "gone" });
});
