import { expect, test } from "vitest";

import { ConfigError, readConfig } from "../src/config.ts";

const enough = {
  STINT_NAMESPACE: "stint-system",
  STINT_POD_NAME: "stint-operator-0",
  STINT_RUNNER_IMAGE: "registry.example/stint-runner:1",
  KUBERNETES_SERVICE_HOST: "10.96.0.1",
};

/** The lines of what is wrong with an environment. */
function problems(environment: Readonly<Record<string, string | undefined>>): string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  return [];
}

test("three variables are enough inside a cluster; the rest has defaults", () => {
  expect(readConfig(enough)).toMatchObject({
    STINT_RUNNER_IMAGE_PULL_POLICY: "IfNotPresent",
    STINT_GATEWAY_LISTEN_PORT: 8443,
    STINT_GATEWAY_SERVICE: "stint-gateway",
    STINT_HTTP_PORT: 8080,
    STINT_LOG_LEVEL: "info",
    STINT_WORKERS: 16,
    STINT_API_REQUESTS_PER_SECOND: 500,
    STINT_API_BURST: 1000,
    STINT_POD_RETENTION_SECONDS: 600,
    STINT_TREE_DEPTH: 32,
    STINT_TREE_SIZE: 10_000,
    STINT_TASK_DEFAULTS: {},
    KUBERNETES_SERVICE_PORT: 443,
  });
});

test("operator-wide defaults are of one size (S62)", () => {
  const defaults = JSON.stringify({ instanceType: "pro", resources: { cpu: 2 } });

  expect(problems({ ...enough, STINT_TASK_DEFAULTS: defaults })).toEqual([
    "STINT_TASK_DEFAULTS: give instanceType or resources, not both",
  ]);
});

test("all problems are told at once, a line each, the variable first", () => {
  const wrong = {
    ...enough,
    STINT_POD_NAME: undefined,
    STINT_WORKERS: "0",
    STINT_HTTP_PORT: "http",
    STINT_LOG_LEVEL: "loud",
    STINT_TASK_DEFAULTS: "{",
  };

  const found = problems(wrong);

  expect(found.map((line) => String(line.split(":")[0])).toSorted((a, b) => a.localeCompare(b))).toEqual([
    "STINT_HTTP_PORT",
    "STINT_LOG_LEVEL",
    "STINT_POD_NAME",
    "STINT_TASK_DEFAULTS",
    "STINT_WORKERS",
  ]);
});

test("an empty variable is one that is not set", () => {
  expect(readConfig({ ...enough, STINT_WORKERS: "", STINT_KUBECONFIG: "" })).toMatchObject({ STINT_WORKERS: 16 });
  expect(problems({ ...enough, STINT_NAMESPACE: "" })).toEqual([expect.stringMatching(/^STINT_NAMESPACE: /)]);
});

test("outside a cluster a kubeconfig is needed", () => {
  const outside = { ...enough, KUBERNETES_SERVICE_HOST: undefined };

  expect(problems(outside)).toEqual([
    "STINT_KUBECONFIG: needed outside a cluster, where KUBERNETES_SERVICE_HOST is not set",
  ]);
  expect(problems({ ...outside, STINT_KUBECONFIG: "/home/me/.kube/config" })).toEqual([]);
});

test("defaults of tasks are JSON, and a setting that no task has is named with its place", () => {
  const given = (STINT_TASK_DEFAULTS: string) => ({ ...enough, STINT_TASK_DEFAULTS });

  expect(readConfig(given('{"retry":{"maxRetries":0}}')).STINT_TASK_DEFAULTS).toEqual({ retry: { maxRetries: 0 } });
  expect(problems(given('{"timeout":5}'))).toEqual([expect.stringMatching(/^STINT_TASK_DEFAULTS: .*"timeout"/)]);
  expect(problems(given('{"timeoutSeconds":0}'))).toEqual([
    expect.stringMatching(/^STINT_TASK_DEFAULTS\.timeoutSeconds: /),
  ]);
});

test("what somebody put into the wrong variable is not repeated: it may be a secret", () => {
  const secret = "hunter2";
  const environment = Object.fromEntries(Object.keys(readConfig(enough)).map((name) => [name, secret]));

  expect(problems(environment).join("\n")).not.toContain(secret);
  expect(problems(environment).length).toBeGreaterThan(5);
});

test("other variables of the environment are not looked at", () => {
  expect(readConfig({ ...enough, PATH: "/bin", STINT_GATEWAY_PORT: "tcp://10.0.0.1:443" })).not.toHaveProperty("PATH");
});
