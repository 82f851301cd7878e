// What the kubelet takes minutes for: most of all what it goes on trying for 300 s before that is called final (S70). Nothing
// happens meanwhile, so all wait together.
import { afterAll, beforeAll, expect } from "vitest";

import { createRun, finished, kubectl, messageOf, reason, reasonOf, runToEnd } from "../../kit/cluster.ts";
import { PodWebhook } from "../../kit/pod-webhook.ts";
import { addBundle } from "../../kit/prepare.ts";
import { scenario } from "../../kit/scenario.ts";
import type { CauseId } from "../causes.ts";
import { recordEnd } from "../kit/ends.ts";
import { byNobody, byUser, ends, instanceType, measure, paid, prepareFailures } from "../kit/setup.ts";

const needs = "a kubelet";
const windowSeconds = 300;
const webhook = new PodWebhook();
const unpullable = "127.0.0.1:1/nobody/nothing:1";

beforeAll(async () => {
  await prepareFailures();
  await instanceType("e2e-frugal", { "ephemeral-storage": "20Mi" });
  await kubectl(["create", "secret", "generic", "gone-secret", "--from-literal=key=value"]);
  await kubectl(["create", "configmap", "gone-config", "--from-literal=key=value"]);
  const volumes = [{ name: "gone", configMap: { name: "gone-config" } }];
  const volumeMounts = [{ name: "gone", mountPath: "/gone" }];
  await addBundle("secretive", "failures/tasks.ts", { envFrom: [{ secretRef: { name: "gone-secret" } }] });
  await addBundle("mounting", "failures/tasks.ts", { podTemplate: { spec: { volumes, volumeMounts } } });
  await kubectl(["delete", "secret/gone-secret", "configmap/gone-config"]);
  await webhook.start((run) =>
    run.startsWith("unpulled")
      ? { patch: [{ op: "replace", path: "/spec/containers/0/image", value: unpullable }] }
      : undefined,
  );
});

afterAll(async () => {
  ends.stop();
  await webhook.stop();
});

interface Unstartable {
  readonly cause: CauseId;
  readonly bundle: string;
  readonly runs: readonly string[];
  readonly waitsAs: string;
  readonly ends: string;
  readonly says: string;
}

/** Three runs of each, so that the maximum is one of several. */
async function unstartable({ cause, bundle, runs, waitsAs, ...expected }: Unstartable): Promise<void> {
  for (const run of runs) await createRun(run, { task: `${bundle}/holds`, input: [0] });
  await Promise.all(runs.map((run) => reason(run, waitsAs, 120)));
  for (const run of runs) {
    const ended = await finished(run, windowSeconds + 120);

    expect(ended.status).toMatchObject({ phase: "Failed", attemptCount: 1 });
    expect(`Final ${reasonOf(ended)}`).toBe(expected.ends);
    expect(messageOf(ended)).toContain(expected.says);
    expect(paid(ended)).toMatchObject({ end: expected.ends, ...byNobody });
    // The pod is scheduled within a moment of its attempt's intent, and is gone by now.
    const windowEnd = Date.parse(ended.status?.attempts?.[0]?.createdAt ?? "") + windowSeconds * 1000;
    recordEnd({ cause, ms: (await ends.recordedAt(run)) - windowEnd });
  }
}

scenario.onRealCluster(
  needs,
  "an image that cannot be pulled ends the run after 300 s, in the kubelet's words (S70)",
  ["unpulled-1", "unpulled-2", "unpulled-3"],
  () =>
    unstartable({
      cause: "imageGone",
      bundle: "failures",
      runs: ["unpulled-1", "unpulled-2", "unpulled-3"],
      waitsAs: "PullingImage",
      ends: "Final ImagePullFailed",
      says: unpullable,
    }),
);

scenario.onRealCluster(
  needs,
  "so does a Secret of the environment that is missing (S70)",
  ["secretless-1", "secretless-2", "secretless-3"],
  () =>
    unstartable({
      cause: "secretMissing",
      bundle: "secretive",
      runs: ["secretless-1", "secretless-2", "secretless-3"],
      waitsAs: "Starting",
      ends: "Final ContainerConfigFailed",
      says: 'secret "gone-secret" not found',
    }),
);

scenario.onRealCluster(
  needs,
  "and so does a ConfigMap of a volume that is missing (S70)",
  ["unmounted-1", "unmounted-2", "unmounted-3"],
  () =>
    unstartable({
      cause: "volumeMissing",
      bundle: "mounting",
      runs: ["unmounted-1", "unmounted-2", "unmounted-3"],
      waitsAs: "Starting",
      ends: "Final ContainerConfigFailed",
      says: 'configmap "gone-config" not found',
    }),
);

// It looks at volumes once a minute.
scenario.onRealCluster(needs, "a pod over its storage limit is the user's (S298)", ["storage"], async () => {
  const spec = { task: "failures/fills-disk", input: [1], instanceType: "e2e-frugal" };
  const run = await runToEnd("storage", spec, windowSeconds);

  expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
  expect(paid(run)).toEqual({
    end: "User StorageExceeded",
    says: expect.stringMatching(/^Evicted: .*ephemeral.* exceeds the total limit of containers 20Mi/),
    ...byUser,
  });
  await measure("storage", "storage");
});
