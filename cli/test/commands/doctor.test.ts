import { definitions } from "@stint/crds/crd/definitions";
import { afterEach, beforeEach, expect, test } from "vitest";

import { status } from "../../../sdk/test/fakes/api-server.ts";
import { Shell } from "../fakes/shell.ts";

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const reviews = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const chart = { name: "stint-gateway", namespace: "stint-system" };

let shell: Shell;
beforeEach(async () => {
  shell = await Shell.open();
  answer("/version", { gitVersion: "v1.34.4", major: "1", minor: "34" });
  for (const { plural, schema } of definitions) {
    const versions = [{ name: "v1alpha1", served: true, schema: { openAPIV3Schema: schema } }];
    answer(`${crds}/${plural}.stint.dev`, { metadata: { name: plural }, spec: { versions } });
  }
  shell.server.others.set(reviews, () => ({ status: 201, body: { status: { allowed: true } } }));
  answerList("/apis/apps/v1/deployments", {
    metadata: { ...chart, name: "stint-operator" },
    spec: { replicas: 2 },
    status: { readyReplicas: 2 },
  });
  answerList("/api/v1/services", { metadata: chart });
  answerList("/apis/discovery.k8s.io/v1/endpointslices", {
    metadata: chart,
    endpoints: [{ conditions: { ready: true } }],
  });
  const types = ["starter", "standard"].map((name) => ({ metadata: { name } }));
  answerList("/apis/stint.dev/v1alpha1/instancetypes", ...types);
});
afterEach(() => shell[Symbol.asyncDispose]());

function answer(path: string, body: object): void {
  shell.server.others.set(`GET ${path}`, () => ({ status: 200, body }));
}

function answerList(path: string, ...items: readonly object[]): void {
  answer(path, { items, metadata: { resourceVersion: "1" } });
}

function deny(path: string): void {
  shell.server.others.set(`GET ${path}`, () => status(403, "Forbidden", "forbidden"));
}

/** What is wrong with the cluster, in the doctor's words. */
function complaints(): string[] {
  return shell.out.filter((line) => !/^(ok| )/.test(line));
}

test("a cluster where all is well is told line by line, and the exit code is 0", async () => {
  const code = await shell.type("doctor");

  expect(code).toBe(0);
  expect(complaints()).toEqual([]);
  expect(shell.out.slice(1)).toEqual([
    "ok       CRD TaskRun: stint.dev/v1alpha1, current",
    "ok       CRD TaskBundle: stint.dev/v1alpha1, current",
    "ok       CRD InstanceType: stint.dev/v1alpha1, current",
    "ok       permissions: all that the commands need in namespace team-a",
    "ok       operator: 2 of 2 ready in namespace stint-system",
    "ok       gateway: Service stint-gateway leads to 1 operator(s)",
    "ok       instance types: starter, standard",
  ]);
});

test.each<{ given: string; change: () => void; says: string }>([
  {
    given: "an old Kubernetes",
    change: () => answer("/version", { gitVersion: "v1.30.1", major: "1", minor: "30+" }),
    says: "FAILED   cluster: Kubernetes v1.30.1",
  },
  {
    given: "a kind that is missing",
    change: () => shell.server.others.set(`GET ${crds}/taskruns.stint.dev`, () => status(404, "NotFound", "no")),
    says: "FAILED   CRD TaskRun: is missing",
  },
  {
    given: "a kind of another version",
    change: () =>
      answer(`${crds}/taskruns.stint.dev`, { spec: { versions: [{ name: "v1alpha1", served: true, schema: {} }] } }),
    says: "FAILED   CRD TaskRun: stint.dev/v1alpha1, but of another version of Stint than this CLI",
  },
  {
    given: "no operator",
    change: () => answerList("/apis/apps/v1/deployments"),
    says: "FAILED   operator: is not installed",
  },
  {
    given: "an operator that is not ready",
    change: () => answerList("/apis/apps/v1/deployments", { metadata: chart, spec: { replicas: 2 } }),
    says: "FAILED   operator: 0 of 2 ready in namespace stint-system",
  },
  {
    given: "no gateway",
    change: () => answerList("/api/v1/services"),
    says: "FAILED   gateway: Service stint-gateway is missing",
  },
  {
    given: "a gateway without an operator",
    change: () => answerList("/apis/discovery.k8s.io/v1/endpointslices"),
    says: "FAILED   gateway: Service stint-gateway leads nowhere",
  },
  {
    given: "missing instance types",
    change: () => answerList("/apis/stint.dev/v1alpha1/instancetypes", { metadata: { name: "standard" } }),
    says: "FAILED   instance types: starter missing",
  },
])("$given is told with what to do, and the exit code is 1", async ({ change, says }) => {
  change();

  const code = await shell.type("doctor");

  expect(code).toBe(1);
  expect(complaints()).toHaveLength(1);
  const at = shell.out.findIndex((line) => line.startsWith(says));
  expect(shell.out.slice(at).find((line) => line.startsWith("         →"))).toBeDefined();
});

test("a development server has nothing installed: its operator is a process that leads", async () => {
  answer("/version", { gitVersion: "v1.34.0-devcluster", major: "1", minor: "34" });
  answerList("/apis/apps/v1/deployments");
  answerList("/api/v1/services");
  const lease = { metadata: { name: "stint-operator" } };
  const leases = "/apis/coordination.k8s.io/v1/leases";

  answerList(leases, { ...lease, spec: { holderIdentity: "dev-1" } });
  const whileItLeads = await shell.type("doctor");
  answerList(leases, { ...lease, spec: {} });
  const afterwards = await shell.type("doctor");

  expect([whileItLeads, afterwards]).toEqual([0, 1]);
  expect(shell.out).toContain("ok       operator: the process that `stint dev` keeps");
  expect(complaints()).toEqual(["FAILED   operator: none leads"]);
});

test("a missing permission is named with the commands that need it", async () => {
  shell.server.others.set(reviews, ({ body }) => {
    const { spec } = body as { readonly spec: { readonly resourceAttributes: Readonly<Record<string, string>> } }; // ours
    const { resource, subresource } = spec.resourceAttributes;
    return { status: 201, body: { status: { allowed: !(resource === "pods" && subresource === "log") } } };
  });

  const code = await shell.type("doctor");

  expect(code).toBe(1);
  expect(complaints()).toEqual(["FAILED   permissions: you may not get pods/log in namespace team-a: logs"]);
});

test("what we may not look at is unknown, not wrong", async () => {
  deny("/apis/apps/v1/deployments");
  deny(`${crds}/taskruns.stint.dev`);

  const code = await shell.type("doctor");

  expect(code).toBe(0);
  expect(complaints()).toEqual(["unknown  CRDs: you may not look", "unknown  operator: you may not look"]);
});

test("a cluster that does not answer is asked nothing more", async () => {
  await shell.server[Symbol.asyncDispose]();

  const code = await shell.type("doctor");

  expect(code).toBe(1);
  expect(complaints()).toEqual([expect.stringMatching(/^FAILED {3}cluster: read the cluster's version: no answer: /)]);
});
