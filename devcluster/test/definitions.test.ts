// Our own definitions, applied as to any cluster: nothing in devcluster knows them.
import { readdirSync, readFileSync } from "node:fs";

import { expect, test } from "vitest";
import { parse } from "yaml";

import type { Client } from "./contract/kit/client.ts";
import { started } from "./started.ts";

const folder = new URL("../../crds/generated/", import.meta.url);
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const runs = "/apis/stint.dev/v1alpha1/namespaces/default/taskruns";

async function applyOurs(client: Client): Promise<void> {
  for (const file of readdirSync(folder)) {
    const { status, body } = await client.post(definitions, parse(readFileSync(new URL(file, folder), "utf8")));
    expect(`${status} ${body.message ?? ""}`).toBe("201 ");
  }
}

function aRun(spec: object): object {
  return {
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskRun",
    metadata: { name: "a" },
    spec: { task: "math/square", ...spec },
  };
}

test("a run is created, its settings hold fast, and it can be canceled once and for all", async () => {
  const { client } = await started();
  await applyOurs(client);

  const created = await client.post(`${runs}?fieldValidation=Strict`, aRun({ input: [4, { a: null }] }));
  const changed = await client.merge(`${runs}/a`, { spec: { timeoutSeconds: 5 } });
  const canceled = await client.merge(`${runs}/a`, { spec: { cancel: true } });
  const revived = await client.merge(`${runs}/a`, { spec: { cancel: false } });

  expect(created.body.spec.input).toEqual([4, { a: null }]);
  expect([created, changed, canceled, revived].map(({ status }) => status)).toEqual([201, 422, 200, 422]);
  expect(changed.body.message).toContain("rerun, priority and ttlSecondsAfterFinished: timeoutSeconds was changed");
});

test("a rerun is asked for once at a time, of a run that has ended otherwise than well (S161, S170)", async () => {
  const { client } = await started();
  await applyOurs(client);
  await client.post(runs, aRun({ cancel: true }));
  const ask = (generation: number, more = {}) =>
    client.merge(`${runs}/a`, { spec: { rerun: { generation }, cancel: null, ...more } });
  const end = (succeeded: "True" | "False") => {
    const conditions = ["Finished", "Succeeded"].map((type) => ({
      type,
      status: type === "Finished" ? "True" : succeeded,
      reason: "Because",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    }));
    return client.merge(`${runs}/a/status`, { status: { conditions } });
  };

  const whileLive = await ask(1);
  await end("True");
  const afterSuccess = await ask(1);
  await end("False");
  const byTwo = await ask(2);
  const byOne = await ask(1);
  const back = await client.merge(`${runs}/a`, { spec: { rerun: null } });

  expect([whileLive, afterSuccess, byTwo, byOne, back].map(({ status }) => status)).toEqual([422, 422, 422, 200, 422]);
  expect(whileLive.body.message).toContain("task run a is still active");
  expect(afterSuccess.body.message).toContain("task run a has succeeded; trigger a new run");
  for (const refused of [byTwo, back])
    expect(refused.body.message).toContain("spec.rerun.generation can only be raised by 1");
  expect(byOne.body.spec).not.toHaveProperty("cancel");
});

test("runs are found by task and phase (S159)", async () => {
  const { client } = await started();
  await applyOurs(client);
  const named = (name: string, task: string) => ({ ...aRun({ task }), metadata: { name } });
  for (const [name, task] of [
    ["a", "math/square"],
    ["b", "math/square"],
    ["c", "math/cube"],
  ] as const)
    await client.post(runs, named(name, task));
  await client.merge(`${runs}/b/status`, { status: { phase: "Failed" } });

  const found = async (selector: string): Promise<string[]> => {
    const { body } = await client.get(`${runs}?fieldSelector=${encodeURIComponent(selector)}`);
    return body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
  };

  expect(await found("spec.task=math/square")).toEqual(["a", "b"]);
  expect(await found("spec.task=math/square,status.phase=Failed")).toEqual(["b"]);
  expect((await client.get(`${runs}?fieldSelector=spec.input%3D4`)).status).toBe(400);
});

test("a run that breaks a rule is refused with the rule's own words", async () => {
  const { client } = await started();
  await applyOurs(client);

  const { status, body } = await client.post(runs, aRun({ retry: { delaysSeconds: [1], waitDurationMs: 5 } }));

  expect(status).toBe(422);
  expect(body.message).toContain(
    'spec.retry: Invalid value: "object": retry.delaysSeconds excludes waitDurationMs and backoffScaling',
  );
});

test("a definition that takes a name of another is not established, and serves nothing", async () => {
  const { client } = await started();
  await applyOurs(client);
  const names = { plural: "sprints", singular: "sprint", kind: "TaskRun", listKind: "SprintList" };
  const schema = { openAPIV3Schema: { type: "object" } };
  const versions = [{ name: "v1alpha1", served: true, storage: true, schema }];
  const spec = { group: "stint.dev", names, scope: "Namespaced", versions };

  const { body } = await client.post(definitions, { metadata: { name: "sprints.stint.dev" }, spec });
  const served = await client.get("/apis/stint.dev/v1alpha1/sprints");

  expect(body.status.conditions[0]).toMatchObject({
    type: "NamesAccepted",
    status: "False",
    message: '"TaskRun" is already in use',
  });
  expect(served.status).toBe(404);
});

test("a deleted definition takes its objects along", async () => {
  const { client, cluster } = await started();
  await applyOurs(client);
  await client.post(runs, aRun({}));
  const gone = Promise.withResolvers<void>();
  cluster.api.watch("customresourcedefinitions.apiextensions.k8s.io", ({ type, object }) => {
    if (type === "DELETED" && object.metadata.name === "taskruns.stint.dev") gone.resolve();
  });

  await client.delete(`${definitions}/taskruns.stint.dev`);
  await gone.promise;

  expect((await client.get(runs)).status).toBe(404);
  expect(cluster.api.list("taskruns.stint.dev")).toEqual([]);
});
