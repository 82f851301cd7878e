import type { TaskBundleSpec } from "@stint/crds/taskbundle";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { podTemplateProblem } from "../../src/core/pod-template.ts";

type Template = NonNullable<TaskBundleSpec["podTemplate"]>;

const volume = (source: object) => ({
  spec: {
    volumes: [
      { name: "first", emptyDir: {} },
      { name: "v", ...source },
    ],
  },
});
const projected = (...sources: object[]) => volume({ projected: { sources } });

describe("what a podTemplate may say (S291)", () => {
  const allowed: readonly Template[] = [
    {},
    { metadata: {}, spec: {} },
    { metadata: { labels: { team: "a", "tag.stint.dev/x": "" }, annotations: { "example.com/a": "b" } } },
    { spec: { nodeSelector: {}, tolerations: [], affinity: {}, topologySpreadConstraints: [] } },
    { spec: { priorityClassName: "a", runtimeClassName: "b", schedulerName: "c" } },
    { spec: { dnsConfig: {}, dnsPolicy: "None", hostAliases: [], volumes: [], volumeMounts: [] } },
    ...["configMap", "secret", "emptyDir", "persistentVolumeClaim", "ephemeral", "csi"].map((kind) =>
      volume({ [kind]: {} }),
    ),
    projected({ secret: {} }, { configMap: {} }, { downwardAPI: {} }, { clusterTrustBundle: {} }),
  ];

  test.each(allowed)("%j is allowed", (podTemplate) => {
    expect(podTemplateProblem({ podTemplate })).toBeUndefined();
  });

  test.each<[Template, string]>([
    [{ spec: { hostNetwork: true } }, "spec.hostNetwork"],
    [{ spec: { nodeSelector: {}, containers: [] } }, "spec.containers"],
    [{ spec: { serviceAccountName: "admin" } }, "spec.serviceAccountName"],
    [{ spec: { automountServiceAccountToken: true } }, "spec.automountServiceAccountToken"],
    [{ metadata: { finalizers: [] } }, "metadata.finalizers"],
    [{ metadata: { labels: { "stint.dev/run": "x" } } }, "metadata.labels[stint.dev/run]"],
    [{ metadata: { annotations: { "stint.dev/depth": "0" } } }, "metadata.annotations[stint.dev/depth]"],
    [volume({ hostPath: { path: "/" } }), "spec.volumes[1].hostPath"],
    [volume({ nfs: {} }), "spec.volumes[1].nfs"],
    [
      projected({ secret: {} }, { serviceAccountToken: {} }),
      "spec.volumes[1].projected.sources[1].serviceAccountToken",
    ],
    [projected({ podCertificate: {} }), "spec.volumes[1].projected.sources[0].podCertificate"],
  ])("%j is refused, and the field is named", (podTemplate, path) => {
    expect(podTemplateProblem({ podTemplate })).toBe(`spec.podTemplate.${path} is not allowed`);
  });

  test("a bundle without one has no problem", () => {
    expect(podTemplateProblem({})).toBeUndefined();
  });

  test("no JSON makes it throw: what has the wrong type is left to Kubernetes", () => {
    const json = fc.dictionary(fc.constantFrom("volumes", "labels", "x"), fc.jsonValue());
    fc.assert(
      fc.property(json, json, (metadata, spec) => {
        expect(() => podTemplateProblem({ podTemplate: { metadata, spec } })).not.toThrow();
      }),
    );
  });
});
