import type { V1Pod } from "@kubernetes/client-node";
import { podName } from "@stint/crds/labels";
import type { TaskBundleSpec } from "@stint/crds/taskbundle";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";

import { desiredPod, desiredRegistrationPod, type AttemptPins } from "../../src/core/pod.ts";
import type { PodBody } from "../../src/core/world.ts";
import {
  aBundle,
  anAttempt,
  anInstanceType,
  aRevision,
  aTaskRun,
  podSettings,
  resolvedSettings,
  runUid,
} from "../builders.ts";

const inline: TaskBundleSpec = { source: { inline: "" } };

/** A bundle that says all that it may say. */
const talkative: TaskBundleSpec = {
  source: { image: { reference: "registry.example/demo:1.4", entrypoint: "dist/tasks.js" } },
  env: [
    { name: "REGION", value: "eu" },
    { name: "STINT_MODE", value: "register" },
    { name: "API_KEY", valueFrom: { secretKeyRef: { name: "keys", key: "api" } } },
  ],
  envFrom: [{ configMapRef: { name: "settings" } }],
  serviceAccountName: "resizer",
  imagePullSecrets: [{ name: "registry" }],
  podTemplate: {
    metadata: {
      labels: { team: "images", type: "of the template" },
      annotations: { "example.com/cost-centre": "42" },
    },
    spec: {
      nodeSelector: { zone: "a", pool: "of the template" },
      tolerations: [{ key: "spot", operator: "Exists" }],
      affinity: { podAntiAffinity: {} },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
      priorityClassName: "batch",
      runtimeClassName: "of-the-template",
      schedulerName: "packing",
      volumes: [{ name: "models", persistentVolumeClaim: { claimName: "models" } }],
      volumeMounts: [{ name: "models", mountPath: "/models", readOnly: true }],
      dnsConfig: { options: [{ name: "ndots", value: "1" }] },
      dnsPolicy: "ClusterFirst",
      hostAliases: [{ ip: "10.0.0.1", hostnames: ["database"] }],
    },
  },
};

const gpu = anInstanceType("gpu-small", {
  resources: { cpu: "4", memory: "16Gi", "nvidia.com/gpu": "1", "ephemeral-storage": "50Gi" },
  nodeSelector: { pool: "gpu" },
  tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
  runtimeClassName: "nvidia",
}).spec;

function pins(overrides: Partial<AttemptPins> = {}): AttemptPins {
  const { spec } = anInstanceType();
  const revision = aRevision({ spec: inline });
  return {
    revision,
    resolved: resolvedSettings(),
    resources: spec.resources,
    labels: {},
    instanceType: spec,
    ...overrides,
  };
}

function attemptPod(overrides: Partial<AttemptPins> = {}): V1Pod {
  return asPod(desiredPod(aTaskRun(), anAttempt(), pins(overrides), podSettings()));
}

function podOf(spec: TaskBundleSpec, overrides: Partial<AttemptPins> = {}): V1Pod {
  return attemptPod({ revision: aRevision({ spec }), ...overrides });
}

/** A body as Kubernetes' own types see it. */
function asPod(body: PodBody): V1Pod {
  return body;
}

function asYaml(body: unknown): string {
  return stringify(body, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function variables(pod: V1Pod): Record<string, string | undefined> {
  return Object.fromEntries((pod.spec?.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
}

describe("the whole pod", () => {
  test("of a run that sets nothing", async () => {
    const pod = desiredPod(aTaskRun(), anAttempt(), pins(), podSettings());

    await expect(asYaml(pod)).toMatchFileSnapshot("golden/attempt.yaml");
  });

  test("of a bundle and an instance type that set all they can", async () => {
    const image = "registry.example/demo@sha256:0123";
    const pod = desiredPod(
      aTaskRun({ spec: { task: "demo/images/resize:7" } }),
      anAttempt(2, { instanceType: "gpu_small" }),
      {
        revision: aRevision({ revision: 7, spec: talkative, image, codeConfigMap: undefined }),
        resolved: resolvedSettings({ timeoutSeconds: 600, startTimeoutSeconds: 120, gracePeriodSeconds: 60 }),
        resources: gpu.resources,
        labels: { type: "gpu" },
        instanceType: gpu,
      },
      podSettings(),
    );

    await expect(asYaml(pod)).toMatchFileSnapshot("golden/attempt-with-everything.yaml");
  });

  test("that registers a revision", async () => {
    const registering = { revision: 8, attempt: 2, podName: "math-dkvc0-r8-2" };
    const pod = desiredRegistrationPod(aBundle(), registering, podSettings(), anInstanceType("starter").spec);

    await expect(asYaml(pod)).toMatchFileSnapshot("golden/registration.yaml");
  });
});

describe("what a pod is bound by", () => {
  test("its own bound is start, timeout, grace and 30 s; without a start timeout it has 900 s to start (S68)", () => {
    const resolved = { timeoutSeconds: 600, gracePeriodSeconds: 10 };

    expect(attemptPod({ resolved }).spec?.activeDeadlineSeconds).toBe(900 + 600 + 10 + 30);
    expect(attemptPod({ resolved: { ...resolved, startTimeoutSeconds: 60 } }).spec?.activeDeadlineSeconds).toBe(700);
  });

  test.each([
    ["in a trace", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
    ["with a text that is none", "a trace"],
  ])(
    "the pod of a run %s has it as TRACEPARENT, before what the bundle says, or leaves the bundle's (S151)",
    (_, text) => {
      const run = aTaskRun({ metadata: { annotations: { "stint.dev/traceparent": text } } });
      const spec = { ...inline, env: [{ name: "TRACEPARENT", value: "theirs" }] };
      const pod = asPod(desiredPod(run, anAttempt(), pins({ revision: aRevision({ spec }) }), podSettings()));

      expect(variables(pod)["TRACEPARENT"]).toBe(text === "a trace" ? "theirs" : text);
      expect(pod.spec?.containers[0]?.env?.filter(({ name }) => name === "TRACEPARENT")).toHaveLength(1);
    },
  );

  test("nothing is written but /tmp, of 1Gi, and what is asked for is what there is (S54, S295)", () => {
    const size = { cpu: "1", memory: "2Gi", "ephemeral-storage": "10Gi" };

    expect(attemptPod().spec).toMatchObject({
      containers: [{ securityContext: { readOnlyRootFilesystem: true }, resources: { requests: size, limits: size } }],
      volumes: expect.arrayContaining([{ name: "stint-tmp", emptyDir: { sizeLimit: "1Gi" } }]),
    });
    expect(attemptPod({ resources: gpu.resources }).spec).toMatchObject({
      containers: [{ resources: { requests: gpu.resources, limits: gpu.resources } }],
    });
  });

  test("node gets 80 % of the memory for its heap, and its last words are kept (S296)", () => {
    const [container] = attemptPod().spec?.containers ?? [];

    expect(container?.command).toEqual(["node", "--max-old-space-size=1638", "/stint/runner.cjs"]);
    expect(container?.terminationMessagePolicy).toBe("FallbackToLogsOnError");
  });

  test("a grace period of 0 is 1 s: Kubernetes takes 0 for forgetting the pod (S163)", () => {
    const resolved = resolvedSettings({ gracePeriodSeconds: 0 });

    expect(attemptPod({ resolved }).spec?.terminationGracePeriodSeconds).toBe(1);
  });

  test("an image bundle's pod runs the image as it was pinned, mounts no code and keeps its working directory", () => {
    const image = "registry.example/demo@sha256:0123";
    const pod = attemptPod({ revision: aRevision({ spec: talkative, image, codeConfigMap: undefined }) });

    expect(pod.spec?.containers[0]).toMatchObject({ image, command: expect.arrayContaining(["/stint/runner.cjs"]) });
    expect(pod.spec?.containers[0]).not.toHaveProperty("workingDir");
    expect(pod.spec?.volumes?.map(({ name }) => name)).not.toContain("stint-code");
    expect(variables(pod)["STINT_ENTRYPOINT"]).toBe("dist/tasks.js");
  });

  test("a memory that is no quantity leaves the heap to node, and the pod to the API server's judgement", () => {
    const pod = attemptPod({ resources: { cpu: "1", memory: "much" } });

    expect(pod.spec?.containers[0]?.command).toEqual(["node", "/stint/runner.cjs"]);
  });

  test("the longest names fit into label values and a hostname", () => {
    const run = { name: "r".repeat(52), uid: runUid };
    const attempt = anAttempt(201, { podName: podName(run, 201) });
    const pod = asPod(desiredPod(aTaskRun({ metadata: run }), attempt, pins(), podSettings()));

    const values = [pod.metadata?.name ?? "", ...Object.values(pod.metadata?.labels ?? {})];
    expect(values.filter((value) => value.length > 63)).toEqual([]);
  });

  test("an image registers itself: the pod runs it as the spec names it, and mounts no code", () => {
    const registering = { revision: 1, attempt: 1, podName: "math-dkvc0-r1-1" };
    const pod = asPod(desiredRegistrationPod(aBundle({ spec: talkative }), registering, podSettings()));

    expect(pod.spec?.containers[0]?.image).toBe("registry.example/demo:1.4");
    expect(pod.spec?.volumes?.map(({ name }) => name)).not.toContain("stint-code");
  });

  test("a registration without a type `starter` has its size all the same", () => {
    const registering = { revision: 1, attempt: 1, podName: "math-dkvc0-r1-1" };
    const pod = asPod(desiredRegistrationPod(aBundle(), registering, podSettings()));

    expect(pod.spec?.containers[0]?.resources?.limits).toMatchObject({ cpu: "500m", memory: "512Mi" });
  });
});

describe("what users add only adds", () => {
  test.each(["STINT_MODE", "STINT_GATEWAY_ADDRESS", "STINT_GATEWAY_NAME", "STINT_GATEWAY_CA", "STINT_ENTRYPOINT"])(
    "%s is not theirs to set",
    (name) => {
      const plain = variables(podOf(inline));

      const pod = podOf({ ...inline, env: [{ name, value: "theirs" }] });

      expect(variables(pod)).toEqual(plain);
      expect(pod.spec?.containers[0]?.env?.filter((variable) => variable.name === name)).toHaveLength(1);
    },
  );

  test("labels of the template give way to the task's, and both to ours (S20)", () => {
    const podTemplate = { metadata: { labels: { a: "template", b: "template", "stint.dev/run": "another" } } };

    const pod = podOf({ ...inline, podTemplate }, { labels: { b: "task" } });

    expect(pod.metadata?.labels).toMatchObject({ a: "template", b: "task", "stint.dev/run": "square-4" });
  });

  test("a template cannot move a pod away from where its instance type belongs (S60)", () => {
    const podTemplate = { spec: { nodeSelector: { pool: "cheap", zone: "a" }, runtimeClassName: "other" } };

    const pod = podOf({ ...inline, podTemplate }, { instanceType: gpu });

    expect(pod.spec?.nodeSelector).toEqual({ pool: "gpu", zone: "a" });
    expect(pod.spec?.runtimeClassName).toBe("nvidia");
  });

  test("a template's runtime class holds where the instance type names none", () => {
    const pod = podOf({ ...inline, podTemplate: { spec: { runtimeClassName: "gvisor" } } });

    expect(pod.spec?.runtimeClassName).toBe("gvisor");
  });

  test("a field that the template may not have is not passed on", () => {
    const pod = podOf({ ...inline, podTemplate: { spec: { hostNetwork: true, containers: [] } } });

    expect(pod).toEqual(podOf(inline));
  });
});
