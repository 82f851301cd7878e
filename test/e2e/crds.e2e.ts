// What a real API server makes of our CRDs: bounds, CEL rules, nulls in users' JSON, and the way a status is written.
// Everything but the two subjects is a dry run, so an operator that is up has nothing to do with it.
import { fileURLToPath } from "node:url";

import { isArray, isObject, type Json, type JsonObject } from "@stint/crds/json";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { kubectl } from "./kit/cluster.ts";

const namespace = "stint-crds";
const apiVersion = "stint.dev/v1alpha1";
const generated = fileURLToPath(new URL("../../crds/generated", import.meta.url));
const unchangeable = "spec is immutable except cancel, suspend, rerun, priority and ttlSecondsAfterFinished";
const oneWay = "spec.cancel cannot be reset except by a higher spec.rerun.generation";

beforeAll(async () => {
  await kubectl(["apply", "-f", generated]);
  await kubectl(["wait", "--for=condition=Established", "crd/taskruns.stint.dev", "crd/taskbundles.stint.dev"]);
  await kubectl(["delete", "namespace", namespace, "--ignore-not-found"]);
  await kubectl(["create", "namespace", namespace]);
  // Neither has anything to run: no bundle is called `none`.
  await create(aRun("subject", { input: [1], retry: { maxRetries: 2 }, tags: ["a"] }));
  await create(aRun("canceled", { cancel: true }));
});

afterAll(() => kubectl(["delete", "namespace", namespace, "--wait=false"]));

test("the generated CRDs are taken without a warning", async () => {
  const said = await kubectl(["apply", "--dry-run=server", "--warnings-as-errors", "-f", generated]);

  expect(said.trim().split("\n")).toHaveLength(3);
});

describe("what breaks a rule is not created", () => {
  test.each<{ given: string; object: JsonObject; because: string }>([
    {
      given: "a number out of bounds",
      object: aRun("a", { timeoutSeconds: 0 }),
      because: "spec.timeoutSeconds: Invalid",
    },
    { given: "a bad tag", object: aRun("a", { tags: ["-a"] }), because: "spec.tags[0]: Invalid value" },
    { given: "a task without a bundle", object: aRun("a", { task: "square" }), because: "spec.task: Invalid value" },
    {
      given: "a misspelt field",
      object: aRun("a", { timoutSeconds: 1 }),
      because: 'unknown field "spec.timoutSeconds"',
    },
    {
      given: "delays and a first wait",
      object: aRun("a", { retry: { delaysSeconds: [1], waitDurationMs: 1 } }),
      because: "retry.delaysSeconds excludes waitDurationMs and backoffScaling",
    },
    {
      given: "a step up that no retry would take",
      object: aRun("a", { retry: { when: "RetryableOnly", outOfMemory: { instanceType: "pro" } } }),
      because: "retry.outOfMemory needs retry.when Always",
    },
    {
      given: "a run's name of 53 characters (S158)",
      object: aRun("a".repeat(53), {}),
      because: "metadata.name must be at most 52 characters",
    },
    {
      given: "a bundle's name of 41 (S158)",
      object: aBundle("a".repeat(41), { inline: "x" }),
      because: "metadata.name must be at most 40 characters",
    },
    {
      given: "a bundle without a source (S11)",
      object: aBundle("a", {}),
      because: "needs exactly one of inline, configMap",
    },
    {
      given: "a bundle with two sources (S11)",
      object: aBundle("a", { inline: "x", image: { reference: "x" } }),
      because: "spec.source needs exactly one of inline, configMap, image",
    },
  ])("a create with $given is refused, with the reason", async ({ object, because }) => {
    await expect(create(object, "--dry-run=server")).rejects.toThrow(because);
  });
});

test.each<{ given: string; input: Json }>([
  { given: "in a list", input: [null, { a: null, b: [null] }] },
  { given: "in an object", input: { a: null } },
  { given: "as the whole input", input: null },
])("the user's null $given is kept by a create", async ({ input }) => {
  const stored = await create(aRun("nulls", { input }), "--dry-run=server");

  expect(stored).toMatchObject({ spec: { input } });
});

describe("the spec of a run that is there", () => {
  test.each<{ given: string; change: JsonObject; field: string }>([
    { given: "another task", change: { task: "none/other" }, field: "task" },
    { given: "a setting that was absent", change: { timeoutSeconds: 5 }, field: "timeoutSeconds" },
    { given: "another policy", change: { retry: { maxRetries: 3 } }, field: "retry" },
    { given: "the tags removed", change: { tags: null }, field: "tags" },
  ])("an update with $given is refused (S158)", async ({ change, field }) => {
    await expect(patch("subject", change)).rejects.toThrow(
      `spec: Invalid value: "object": ${unchangeable}: ${field} was changed`,
    );
  });

  test.each<{ given: string; change: JsonObject }>([
    { given: "another TTL", change: { ttlSecondsAfterFinished: 5 } },
    { given: "a cancel", change: { cancel: true } },
    { given: "what was there before", change: { tags: ["a"], retry: { maxRetries: 2 } } },
    { given: "another input, which CEL cannot see (S158)", change: { input: [2] } },
  ])("an update with $given is taken", async ({ change }) => {
    expect(await patch("subject", change)).toMatchObject({ spec: change });
  });

  test.each<{ given: string; change: JsonObject }>([
    { given: "setting it to false", change: { cancel: false } },
    { given: "removing it", change: { cancel: null } },
  ])("a cancel is not taken back by $given (S161)", async ({ change }) => {
    await expect(patch("canceled", change)).rejects.toThrow(oneWay);
  });
});

test("a rerun is asked for once at a time, of a run that has ended otherwise than well (S170)", async () => {
  const asked = (generation: number) => patch("subject", { rerun: { generation } });

  await expect(asked(1)).rejects.toThrow("task run subject is still active"); // it waits for its bundle
  await expect(asked(2)).rejects.toThrow("spec.rerun.generation can only be raised by 1");
});

describe("the way of a status", () => {
  const status = { phase: "Succeeded", result: [null, { a: null }] };

  test("a status is written by a PUT of nothing but identity and status, which keeps spec, labels and the result's nulls", async () => {
    const before = await get("subject");

    const after = await putStatus(identityOf(before), status);

    expect(after).toMatchObject({ spec: { task: "none/task", input: [1] }, status });
    expect(labelsOf(after)).toEqual({ kept: "yes" });
  });

  test.each<{ given: string; identity: JsonObject; because: string }>([
    { given: "an old resourceVersion", identity: { resourceVersion: "1" }, because: "Conflict" },
    { given: "another run's uid", identity: { uid: "0b8f2a34-1111-4a54-9a53-0d7a2b1f9f11" }, because: "Conflict" },
    { given: "no resourceVersion", identity: { resourceVersion: "" }, because: "must be specified for an update" },
  ])("a status put with $given is refused", async ({ identity, because }) => {
    const current = identityOf(await get("subject"));

    await expect(putStatus({ ...current, ...identity }, status)).rejects.toThrow(because);
  });
});

function aRun(name: string, spec: JsonObject): JsonObject {
  const metadata = { name, namespace, labels: { kept: "yes" } };
  return { apiVersion, kind: "TaskRun", metadata, spec: { task: "none/task", ...spec } };
}

function aBundle(name: string, source: JsonObject): JsonObject {
  return { apiVersion, kind: "TaskBundle", metadata: { name, namespace }, spec: { source } };
}

async function create(object: JsonObject, ...flags: readonly string[]): Promise<JsonObject> {
  return parsed(
    await kubectl(["-n", namespace, "create", "-f", "-", "-o", "json", ...flags], { stdin: JSON.stringify(object) }),
  );
}

async function patch(name: string, spec: JsonObject): Promise<JsonObject> {
  const change = ["--type=merge", "-p", JSON.stringify({ spec }), "--dry-run=server"];
  return parsed(await kubectl(["-n", namespace, "patch", "taskrun", name, "-o", "json", ...change]));
}

async function get(name: string): Promise<JsonObject> {
  return parsed(await kubectl(["-n", namespace, "get", "taskrun", name, "-o", "json"]));
}

async function putStatus(metadata: JsonObject, status: JsonObject): Promise<JsonObject> {
  const path = `/apis/${apiVersion}/namespaces/${namespace}/taskruns/subject/status?dryRun=All&fieldValidation=Strict`;
  const object = { apiVersion, kind: "TaskRun", metadata, status };
  return parsed(await kubectl(["replace", "--raw", path, "-f", "-"], { stdin: JSON.stringify(object) }));
}

function identityOf({ metadata }: JsonObject): JsonObject {
  const { uid = "", resourceVersion = "" } = isObject(metadata) ? metadata : {};
  return { name: "subject", namespace, uid, resourceVersion };
}

function labelsOf({ metadata }: JsonObject): Json | undefined {
  return isObject(metadata) ? metadata["labels"] : undefined;
}

function parsed(text: string): JsonObject {
  const value = JSON.parse(text) as Json; // kubectl prints JSON
  if (!isObject(value) || isArray(value)) throw new Error(`kubectl printed no object: ${text}`);
  return value;
}
