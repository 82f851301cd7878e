// What the chart makes of its values, by the real helm. Whether an API server takes it, and what becomes of a release that is
// upgraded and removed, is shown on a real cluster: test/e2e/chart.e2e.ts.
import { describe, expect, test } from "vitest";

import { readConfig } from "../../operator/src/config.ts";
import { chart, helm, render, rendered, type Manifest } from "./kit/helm.ts";

interface Deployment extends Manifest {
  readonly kind: "Deployment";
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}
interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}

interface Role extends Manifest {
  readonly kind: "Role";
  readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
}

/** Every value that adds something or changes what is there. */
const everything = {
  replicas: 3,
  image: { operator: "registry.example/operator:2", pullPolicy: "Always", pullSecrets: [{ name: "registry" }] },
  gateway: { caSecret: "our-ca" },
  operator: {
    nodeSelector: { pool: "system" },
    tolerations: [{ key: "system", operator: "Exists" }],
    affinity: { podAntiAffinity: {} },
    priorityClassName: "system-cluster-critical",
  },
  podDisruptionBudget: { maxUnavailable: "50%" },
  metrics: { serviceMonitor: { enabled: true, interval: "1m", labels: { release: "prometheus" } } },
  taskDefaults: { timeoutSeconds: 600, retry: { maxRetries: 1 } },
  runNamespaces: ["team-a"],
  network: { strict: true },
  logLevel: "debug",
  instanceTypes: { "gpu-small": { resources: { cpu: "4", "nvidia.com/gpu": "1" }, nodeSelector: { pool: "gpu" } } },
};

test("helm finds nothing to complain of", async () => {
  const { code, output } = await helm("lint", "--strict", chart);

  expect(output).toContain("1 chart(s) linted, 0 chart(s) failed");
  expect(code).toBe(0);
});

// After a change: `vitest run test/chart -u`, and look at the difference.
test.each([
  { given: "no values", values: {}, golden: "default.yaml" },
  { given: "values for everything", values: everything, golden: "everything.yaml" },
])("with $given the chart makes $golden", async ({ values, golden }) => {
  await expect(await render(values)).toMatchFileSnapshot(`golden/${golden}`);
});

test("the notes say the next command", async () => {
  const { output } = await helm("install", "stint", chart, "--namespace", "stint-system", "--dry-run=client");

  const notes = output.split("NOTES:")[1] ?? "";
  expect(notes).toContain("kubectl -n stint-system rollout status deployment/stint-operator");
  expect(notes).toContain("kubectl apply -f examples/01-hello/hello.yaml");
});

test("an authority that people keep may be read and not written", async () => {
  const secretRules = async (values: object): Promise<object[]> =>
    (await rendered<Role>("Role", values)).flatMap(({ rules }) =>
      rules.filter(({ resources }) => resources.includes("secrets")),
    );

  const named = (name: string, verbs: string[]) => ({
    apiGroups: [""],
    resources: ["secrets"],
    resourceNames: [name],
    verbs,
  });
  expect(await secretRules({ gateway: { caSecret: "our-ca" } })).toEqual([named("our-ca", ["get"])]);
  expect(await secretRules({})).toEqual([
    named("stint-gateway-ca", ["get", "update"]),
    { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
  ]);
});

describe("a value that is wrong is refused with its path", () => {
  test.each<{ given: string; values: object; says: string }>([
    { given: "too few", values: { replicas: 0 }, says: "at '/replicas': minimum: got 0, want 1" },
    { given: "a text for a number", values: { workers: "many" }, says: "at '/workers': got string, want integer" },
    {
      given: "a name that there is not",
      values: { image: { oprator: "a" } },
      says: "at '/image': additional properties 'oprator' not allowed",
    },
    {
      given: "none of the choices",
      values: { logLevel: "loud" },
      says: "at '/logLevel': value must be one of 'debug', ",
    },
    {
      given: "a default of no meaning",
      values: { taskDefaults: { retry: { maxRetries: -1 } } },
      says: "at '/taskDefaults/retry/maxRetries': minimum: got -1, want 0",
    },
    {
      given: "two sizes (S62)",
      values: { taskDefaults: { instanceType: "pro", resources: { cpu: 2 } } },
      says: "at '/taskDefaults': 'not' failed",
    },
    {
      given: "a quantity that is a number",
      values: { instanceTypes: { huge: { resources: { cpu: 64 } } } },
      says: "at '/instanceTypes/huge/resources/cpu': got number, want string",
    },
    {
      given: "the name of no namespace",
      values: { runNamespaces: ["team-a", "Team B"] },
      says: "at '/runNamespaces/1': 'Team B' does not match pattern",
    },
    {
      given: "nothing where something must be",
      values: { image: { operator: null } },
      says: "missing property 'operator'",
    },
  ])("$given", async ({ values, says }) => {
    await expect(render(values)).rejects.toThrow(says);
  });
});

test("null removes one of the six instance types", async () => {
  const names = async (values: object): Promise<string[]> =>
    (await rendered<Manifest>("InstanceType", values)).map(({ metadata }) => metadata.name);

  expect(await names({ instanceTypes: { "pro-ultra": null } })).toEqual(
    (await names({})).filter((name) => name !== "pro-ultra"),
  );
});

// Both ends of every bound: whoever widens one of the two has to widen the other.
test.each([
  {
    end: "least",
    values: {
      workers: 1,
      podRetentionSeconds: 0,
      api: { requestsPerSecond: 1, burst: 1 },
      tree: { depth: 0, size: 0 },
      image: { pullPolicy: "Never" },
      logLevel: "error",
    },
  },
  {
    end: "most",
    values: {
      workers: 256,
      podRetentionSeconds: 604_800,
      api: { requestsPerSecond: 100_000, burst: 100_000 },
      tree: { depth: 1_000_000, size: 100_000_000 },
      image: { pullPolicy: "Always" },
      logLevel: "debug",
    },
  },
])("the operator understands the $end that the schema lets through", async ({ values }) => {
  const [deployment] = await rendered<Deployment>("Deployment", { ...values, taskDefaults: { timeoutSeconds: 600 } });
  const { env = [] } = deployment?.spec.template.spec.containers[0] ?? {};

  const config = readConfig({
    ...Object.fromEntries(env.map(({ name, value }) => [name, value ?? "of-the-pod"])),
    KUBERNETES_SERVICE_HOST: "10.96.0.1",
  });

  expect(config).toMatchObject({
    STINT_WORKERS: values.workers,
    STINT_POD_RETENTION_SECONDS: values.podRetentionSeconds,
    STINT_API_REQUESTS_PER_SECOND: values.api.requestsPerSecond,
    STINT_API_BURST: values.api.burst,
    STINT_TREE_DEPTH: values.tree.depth,
    STINT_TREE_SIZE: values.tree.size,
    STINT_RUNNER_IMAGE_PULL_POLICY: values.image.pullPolicy,
    STINT_LOG_LEVEL: values.logLevel,
    STINT_TASK_DEFAULTS: { timeoutSeconds: 600 },
  });
});
