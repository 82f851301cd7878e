import { describe, expect, test } from "vitest";

import { configMaps, controllerRevisions, events, pods, taskBundles } from "../../src/effects/resources.ts";
import { aManifestTask, namespace } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { aReadyBox, BundleBox, image } from "./bundle-in-a-box.ts";

describe("a failed registration", () => {
  test("keeps the revision before it serving", async () => {
    const box = await aReadyBox();

    box.apply(image("2"));
    await box.settle();
    box.start();
    box.exit(1);
    await box.settle();

    expect(box.ready).toBe("False ExitedBeforeRegistering");
    expect(box.status).toMatchObject({
      revision: 1,
      tasks: [{ name: "square" }],
      registering: { revision: 2, state: "RegistrationFailed", reason: "ExitedBeforeRegistering" },
    });
    expect(box.revisions).toEqual([1]);
  });

  test("keeps its pod for the logs until another spec registers", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();
    box.start();
    box.exit(1);
    await box.advance(3600);
    const kept = box.pods.length;

    box.apply(image("2"));
    await box.settle();

    expect(kept).toBe(1);
    expect(box.pods.map(({ metadata }) => metadata.name)).toEqual([expect.stringMatching(/-r2-1$/)]);
  });

  test("for its tasks is acknowledged, since the runner cannot mend them", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();
    box.start();

    const first = await box.post([aManifestTask({ settings: { instanceType: "gpu" } })]);
    const again = await box.post([aManifestTask({ settings: { instanceType: "gpu" } })]);

    expect([first, again]).toEqual(["accepted", "accepted"]);
    expect(box.ready).toBe("False UnknownInstanceType");
  });

  test("for a volume that does not mount is read from the kubelet's events", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();
    const { uid, name } = box.newestPod().metadata;
    box.creating();
    box.cluster.seed(events, {
      metadata: { name: "a", namespace, uid: "a" },
      regarding: { kind: "Pod", namespace, name, uid },
      reason: "FailedMount",
      note: 'secret "absent" not found',
    });

    await box.advance(300);

    expect(box.ready).toBe("False ContainerConfigFailed");
    expect(box.status.registering?.message).toBe('secret "absent" not found');
  });

  test("by its time deletes the pod, after the status says why", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();
    box.start();

    await box.advance(300);

    expect(box.ready).toBe("False RegistrationTimedOut");
    expect(box.livePods).toEqual([]);
    expect(box.writes.slice(-2)).toEqual(["replaceStatus taskbundles", "delete pods"]);
  });
});

describe("a gateway that dies between the ControllerRevision and the status", () => {
  test("has registered the revision, even if the runner does not ask again", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    await box.settle();
    box.start();
    box.cluster.commitThenFailNext("create", controllerRevisions, new Error("the process is killed"));

    await expect(box.post()).rejects.toThrow("the process is killed");
    box.exit(1);
    box.restart();
    await box.settle();

    expect(box.ready).toBe("True Registered");
    expect(box.revisions).toEqual([1]);
  });
});

describe("a write of the gateway whose answer is lost", () => {
  test.each([controllerRevisions, taskBundles])(
    "to $plural is not acknowledged, but when the runner asks again",
    async (resource) => {
      const box = new BundleBox();
      box.apply(image("1"));
      await box.settle();
      box.start();
      box.cluster.commitThenFailNext(resource === taskBundles ? "replaceStatus" : "create", resource);

      await expect(box.post()).rejects.toMatchObject({ reason: "unavailable" });
      const again = await box.post();

      expect(again).toBe("accepted");
      expect(box.revisions).toEqual([1]);
    },
  );
});

test("a namesake of the pod has no say, and one that the API server does not know is to ask again", async () => {
  const box = new BundleBox();
  box.apply(image("1"));
  await box.settle();
  const pod = box.newestPod();
  const namesake = { ...pod, metadata: { ...pod.metadata, uid: "another" } };
  const unknown = { ...pod, metadata: { ...pod.metadata, name: "unknown" } };

  expect(await box.post(undefined, namesake)).toBe("notCurrent");
  expect(await box.post(undefined, unknown)).toBe("notYet");
});

describe("a create that the API server refuses", () => {
  test("shows in the condition at once, and is tried again later", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    box.cluster.failNext("create", pods, apiError("forbidden", { serverMessage: "violates PodSecurity" }));

    await box.settle();
    const refused = box.ready;
    await box.advance(600);

    expect(refused).toBe("False PodRejected");
    expect(box.ready).toBe("Unknown Registering");
    expect(box.livePods).toHaveLength(1);
  });

  test("for a full quota is shown once, however often it is tried", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    for (let tries = 0; tries < 4; tries++) box.cluster.failNext("create", pods, apiError("quotaExceeded"));

    for (let looks = 0; looks < 4; looks++) await box.look();

    expect(box.writes.filter((write) => write === "replaceStatus taskbundles")).toHaveLength(2);
    expect(box.status.conditions?.[0]?.message).toBe("revision 1 is registering: scripted: quotaExceeded");
  });

  test("is no second pod if the API server had carried it out all the same", async () => {
    const box = new BundleBox();
    box.apply(image("1"));
    box.cluster.commitThenFailNext("create", pods);

    await box.settle();
    await box.advance(60);

    expect(box.pods).toHaveLength(1);
    expect(box.ready).toBe("Unknown Registering");
  });

  test("makes no pod whose code is not there", async () => {
    const box = new BundleBox();
    box.apply({ source: { inline: "export {};" } });
    box.cluster.failNext("create", configMaps, apiError("forbidden", { serverMessage: "no" }));

    await box.settle();

    expect(box.ready).toBe("False PodRejected");
    expect(box.pods).toEqual([]);
  });

  test("because the name is somebody else's names the owner", async () => {
    const box = new BundleBox();
    box.cluster.seed(configMaps, { metadata: { name: box.codeOf(1), namespace, uid: "theirs" } });
    box.apply({ source: { inline: "export {};" } });

    await box.settle();

    expect(box.status.conditions?.[0]?.message).toBe(`configmap ${box.codeOf(1)} exists and belongs to nobody`);
  });
});
