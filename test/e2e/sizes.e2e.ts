// Instance types and resources: what a task asks for is what its pods get, and nobody else changes it.
import { beforeAll, expect } from "vitest";

import {
  childrenOf,
  createRun,
  finished,
  kubectl,
  messageOf,
  namespace,
  podsOf,
  reason,
  reasonOf,
  runToEnd,
} from "./kit/cluster.ts";
import { prepareBundle } from "./kit/prepare.ts";
import { scenario } from "./kit/scenario.ts";

beforeAll(prepareBundle);

interface TypeSpec {
  readonly resources: Record<string, string>;
  readonly namespaces?: readonly string[];
  readonly nodeSelector?: Record<string, string>;
}

/** Types are for all namespaces, so a name is to be this file's own. */
async function instanceType(name: string, spec: TypeSpec): Promise<void> {
  const type = { apiVersion: "stint.dev/v1alpha1", kind: "InstanceType", metadata: { name }, spec };
  await kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(type) });
}

interface Sized {
  readonly requests: Record<string, string>;
  readonly limits: Record<string, string>;
}

/** What the pods of a run ask for, in order of their attempts. */
async function sizesOf(run: string): Promise<readonly Sized[]> {
  const pods = await podsOf(run);
  return pods.map(({ spec }) => spec?.containers?.[0]?.resources as Sized); // every container of ours has them
}

const noRetry = { maxRetries: 0 };

scenario("a pod asks for what its type has, and may use no more (S54, S295)", ["sized"], async () => {
  await runToEnd("sized", { task: "e2e/nothing" });

  const [size] = await sizesOf("sized");
  expect(size?.limits).toEqual({ cpu: "250m", memory: "96Mi", "ephemeral-storage": "10Gi" });
  expect(size?.requests).toEqual(size?.limits);
});

scenario("the six types are there, and _ stands for - (S54, S56)", ["underscored"], async () => {
  const installed = await kubectl(["get", "instancetypes", "-o", "name"]);
  const run = await runToEnd("underscored", { task: "e2e/nothing", instanceType: "e2e_large" });

  for (const name of ["starter", "standard", "pro", "pro-plus", "pro-max", "pro-ultra"])
    expect(installed).toContain(`instancetype.stint.dev/${name}\n`);
  expect(run.status).toMatchObject({ phase: "Succeeded" });
  expect((await sizesOf("underscored"))[0]?.limits["memory"]).toBe("288Mi");
});

scenario("a type of another namespace's is refused without a pod (S58)", ["forbidden"], async () => {
  await instanceType("e2e-elsewhere", { resources: { cpu: "100m", memory: "96Mi" }, namespaces: ["elsewhere"] });

  const run = await runToEnd("forbidden", { task: "e2e/nothing", instanceType: "e2e-elsewhere" });

  expect(reasonOf(run)).toBe("InstanceTypeForbidden");
  expect(messageOf(run)).toBe(`instance type "e2e-elsewhere" is not allowed in namespace "${namespace}"`);
  expect(await podsOf("forbidden")).toEqual([]);
});

scenario("a type that is changed meanwhile does not touch a run in flight (S59)", ["pinned"], async () => {
  await instanceType("e2e-changing", { resources: { cpu: "100m", memory: "96Mi" } });
  await createRun("pinned", {
    task: "e2e/third-time",
    instanceType: "e2e-changing",
    retry: { maxRetries: 2, delaysSeconds: [3, 0] },
  });
  await reason("pinned", "AwaitingRetry");
  await instanceType("e2e-changing", { resources: { cpu: "200m", memory: "128Mi" } });

  const run = await finished("pinned");

  expect(run.status).toMatchObject({ phase: "Succeeded", resources: { cpu: "100m", memory: "96Mi" } });
  expect((await sizesOf("pinned")).map(({ limits }) => limits["memory"])).toEqual(["96Mi", "96Mi", "96Mi"]);
});

scenario("a profile selects the smallest type that offers it (S61, S62)", ["profile", "too-much"], async () => {
  const [small, tooMuch] = await Promise.all([
    runToEnd("profile", { task: "e2e/nothing", resources: { cpu: 0.2, memoryMb: 200 } }),
    runToEnd("too-much", { task: "e2e/nothing", resources: { cpu: 1000, memoryMb: 100 } }),
  ]);

  expect(small.status).toMatchObject({ phase: "Succeeded", instanceType: "e2e-large" });
  expect(reasonOf(tooMuch)).toBe("NoInstanceTypeFits");
  expect(messageOf(tooMuch)).toMatch(/^no instance type offers 1000 CPU/);
  expect(await podsOf("too-much")).toEqual([]);
});

scenario("a pod waits for room, says so, and is bounded only if asked to be (S63)", ["roomless"], async () => {
  await instanceType("e2e-nowhere", {
    resources: { cpu: "100m", memory: "96Mi" },
    nodeSelector: { "stint.dev/e2e": "nowhere" },
  });
  await createRun("roomless", {
    task: "e2e/nothing",
    instanceType: "e2e-nowhere",
    startTimeoutSeconds: 10,
    retry: { ...noRetry, maxInfrastructureRetries: 0 },
  });
  await reason("roomless", "Unschedulable");

  const run = await finished("roomless");

  expect(reasonOf(run)).toBe("StartTimeout");
  expect(run.status?.attempts).toMatchObject([{ reason: "StartTimeout", class: "Infrastructure" }]);
});

scenario("runs of one tree have sizes of their own (S64)", ["tree"], async () => {
  await runToEnd("tree", { task: "e2e/differs" });

  const children = await childrenOf("tree");
  const [parents, ...others] = await Promise.all(
    ["tree", ...children.map(({ metadata }) => metadata.name)].map(sizesOf),
  );
  expect(parents?.[0]?.limits["memory"]).toBe("96Mi");
  expect(new Set(others.map(([size]) => size?.limits["memory"]))).toEqual(new Set(["96Mi", "288Mi"]));
});
