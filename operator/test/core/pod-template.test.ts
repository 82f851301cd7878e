import { readFileSync } from "node:fs";

import { V1ObjectMeta, V1PodSpec, V1Volume, V1VolumeProjection } from "@kubernetes/client-node";
import type { TaskBundleSpec } from "@stint/crds/taskbundle";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { podTemplateProblem } from "../../src/core/pod-template.ts";

type Template = NonNullable<TaskBundleSpec["podTemplate"]>;

interface Model {
  getAttributeTypeMap(): readonly { readonly baseName: string }[];
}

/** The names of all fields that Kubernetes' own description gives an object. */
function fieldsOf(model: Model): string[] {
  return model.getAttributeTypeMap().map(({ baseName }) => baseName);
}

/** A part of what S291 says. */
function sentence(from: string, to: string): string {
  const contract = readFileSync(new URL("../../../docs/semantics.md", import.meta.url), "utf8");
  const item = contract.slice(contract.indexOf("- **S291**"), contract.indexOf("- **S292**"));
  const [begin, end] = [item.indexOf(from), item.indexOf(to)];
  if (begin < 0 || end < begin) throw new Error(`S291 does not say: ${from} … ${to}`);
  return item.slice(begin, end);
}

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

  // What Kubernetes knows today, against the contract's words: a field that nobody thought of is refused too.
  describe.each<{ part: string; all: string[]; within: string; path: string; around: (field: string) => Template }>([
    {
      part: "metadata",
      all: fieldsOf(V1ObjectMeta),
      within: sentence("in `metadata`", "; in `spec`"),
      path: "metadata.",
      around: (field) => ({ metadata: { [field]: {} } }),
    },
    {
      part: "spec",
      all: [...fieldsOf(V1PodSpec), "volumeMounts"],
      within: sentence("; in `spec`", "`volumes` (") + sentence("), `volumeMounts`", ". They are merged") + "`volumes`",
      path: "spec.",
      around: (field) => ({ spec: { [field]: {} } }),
    },
    {
      part: "a volume",
      all: fieldsOf(V1Volume),
      within: sentence("`volumes` (", "), `volumeMounts`") + "`name`",
      path: "spec.volumes[1].",
      around: (field) => volume({ [field]: {} }),
    },
    {
      part: "a projected volume",
      all: fieldsOf(V1VolumeProjection),
      within: "`configMap`, `secret`, `downwardAPI`, `clusterTrustBundle`", // S291: without service-account tokens
      path: "spec.volumes[1].projected.sources[0].",
      around: (field) => projected({ [field]: {} }),
    },
  ])("of all fields of $part", ({ all, within, path, around }) => {
    const allowed = all.filter((field) => within.includes(`\`${field}\``));
    const refused = all.filter((field) => !allowed.includes(field));

    test.each(allowed)("%s is allowed", (field) => {
      expect(podTemplateProblem({ podTemplate: around(field) })).toBeUndefined();
    });

    test.each(refused)("%s is refused", (field) => {
      expect(podTemplateProblem({ podTemplate: around(field) })).toBe(
        `spec.podTemplate.${path}${field} is not allowed`,
      );
    });

    test("there are some of both", () => {
      expect(Math.min(allowed.length, refused.length)).toBeGreaterThan(0);
    });
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
