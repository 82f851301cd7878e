import type { V1Pod } from "@kubernetes/client-node";
import type { TaskBundleSpec } from "@stint/crds/taskbundle";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { podTemplateProblem } from "../../src/core/pod-template.ts";
import { desiredPod, desiredRegistrationPod } from "../../src/core/pod.ts";
import type { PodBody } from "../../src/core/world.ts";
import { aBundle, anAttempt, anInstanceType, aRevision, aTaskRun, podSettings, resolvedSettings } from "../builders.ts";
import { restrictedViolations } from "./restricted.ts";

const text = fc.string({ maxLength: 8 });
const words = fc.dictionary(text, text);
const volumeSource = fc.constantFrom(
  { configMap: { name: "settings" } },
  { secret: { secretName: "keys" } },
  { projected: { sources: [{ secret: { name: "keys" } }, { downwardAPI: {} }] } },
  { emptyDir: { medium: "Memory" } },
  { persistentVolumeClaim: { claimName: "models" } },
  { ephemeral: { volumeClaimTemplate: {} } },
  { csi: { driver: "secrets.example" } },
  // Not allowed: bundles with these are never Ready, and the laws do not speak of them.
  { hostPath: { path: "/" } },
  { projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
);

const template = fc.record(
  {
    metadata: fc.record({ labels: words, annotations: words }),
    spec: fc.record(
      {
        nodeSelector: words,
        tolerations: fc.array(fc.record({ key: text, operator: fc.constant("Exists") })),
        volumes: fc.array(volumeSource.map((source) => ({ name: "extra", ...source }))),
        volumeMounts: fc.constant([{ name: "extra", mountPath: "/extra" }]),
        runtimeClassName: text,
        hostNetwork: fc.constant(true),
        securityContext: fc.constant({ runAsUser: 0 }),
        containers: fc.constant([{ name: "task", securityContext: { privileged: true } }]),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

const name = fc.oneof(text, fc.constantFrom("STINT_MODE", "STINT_GATEWAY_CA", "NODE_OPTIONS"));
const source = fc.constantFrom<TaskBundleSpec["source"]>(
  { inline: "" },
  { image: { reference: "registry.example/demo:1" } },
);
const bundleSpec: fc.Arbitrary<TaskBundleSpec> = fc.record(
  {
    source,
    env: fc.array(fc.record({ name, value: text })),
    envFrom: fc.array(fc.record({ secretRef: fc.record({ name: text }) })),
    serviceAccountName: text,
    imagePullSecrets: fc.array(fc.record({ name: text })),
    podTemplate: template,
  },
  { requiredKeys: ["source"] },
);

/** What may become a pod: the specs of bundles that can be Ready. A clone has the prototypes that JSON.parse gives. */
const allowedSpec = bundleSpec
  .filter((spec) => podTemplateProblem(spec) === undefined)
  .map((spec) => structuredClone(spec));

function podsFor(spec: TaskBundleSpec): PodBody[] {
  const { spec: instanceType } = anInstanceType("gpu", { tolerations: [{ operator: "Exists" }] });
  const { resources } = instanceType;
  const codeConfigMap = spec.source.image ? undefined : "math-dkvc0-r1";
  const pins = {
    revision: aRevision({ spec, codeConfigMap }),
    resolved: resolvedSettings(),
    resources,
    labels: {},
    instanceType,
  };
  const registering = { revision: 1, attempt: 1, podName: "math-dkvc0-r1-1" };
  return [
    desiredPod(aTaskRun(), anAttempt(), pins, podSettings()),
    desiredRegistrationPod(aBundle({ spec }), registering, podSettings()),
  ];
}

/** A body as Kubernetes' own types see it. */
function asPod(body: PodBody): V1Pod {
  return body;
}

test("every pod passes the restricted Pod Security Standard", () => {
  fc.assert(
    fc.property(allowedSpec, (spec) => {
      for (const pod of podsFor(spec)) expect(restrictedViolations(asPod(pod))).toEqual([]);
    }),
  );
});

test("the only token in a pod is one for the gateway, and it lasts an hour", () => {
  fc.assert(
    fc.property(allowedSpec, (spec) => {
      for (const pod of podsFor(spec)) {
        const tokens = JSON.stringify(pod).match(/"serviceAccountToken":\{[^}]*\}/g);

        expect(tokens).toEqual(['"serviceAccountToken":{"audience":"stint","expirationSeconds":3600,"path":"token"}']);
        expect(asPod(pod).spec?.automountServiceAccountToken).toBe(false);
      }
    }),
  );
});

test("a pod names no Secret but its bundle's", () => {
  const silent: TaskBundleSpec = { source: { inline: "" } };

  for (const pod of podsFor(silent)) expect(JSON.stringify(pod)).not.toMatch(/secret/i);
});

test("a pod is plain JSON, and the same for the same input", () => {
  fc.assert(
    fc.property(allowedSpec, (spec) => {
      const pods = podsFor(spec);

      expect(JSON.parse(JSON.stringify(pods))).toStrictEqual(pods);
      expect(podsFor(spec)).toEqual(pods);
    }),
  );
});

test("a variable of ours has one value, and it is ours", () => {
  fc.assert(
    fc.property(allowedSpec, (spec) => {
      for (const pod of podsFor(spec)) {
        const modes = asPod(pod).spec?.containers[0]?.env?.filter((variable) => variable.name === "STINT_MODE");

        expect(modes).toHaveLength(1);
        expect(["run", "register"]).toContain(modes?.[0]?.value);
      }
    }),
  );
});

test.each([
  ["host namespaces", { hostPID: true }],
  ["volume types", { volumes: [{ name: "root", hostPath: { path: "/" } }] }],
  ["sysctls", { securityContext: { runAsNonRoot: true, seccompProfile: { type: "Unconfined" }, sysctls: [{}] } }],
  ["root user", { securityContext: { runAsUser: 0 } }],
  ["seccomp", { securityContext: {} }],
  ["non-root", { securityContext: {} }],
  ["privileged", { containers: [{ name: "task", securityContext: { privileged: true } }] }],
  ["privilege escalation", { containers: [{ name: "task" }] }],
  ["capabilities dropped", { containers: [{ name: "task" }] }],
  ["capabilities added", { containers: [{ name: "x", securityContext: { capabilities: { add: ["NET_ADMIN"] } } }] }],
  ["host ports", { containers: [{ name: "task", ports: [{ containerPort: 80, hostPort: 80 }] }] }],
])("the checker sees a planted fault: %s", (control, fault) => {
  const [pod = {}] = podsFor({ source: { inline: "" } });
  const spec = Object.assign({}, asPod(pod).spec, fault);

  expect(restrictedViolations({ ...pod, spec })).toContain(control);
});
