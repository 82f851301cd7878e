import type { ChildrenResponse } from "@stint/crds/attempt";
import { expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import { anAcceptedRun, anAttempt, namespace, stamp } from "../builders.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

async function aChild(box: GatewayBox): Promise<string> {
  const { body } = await box.post("children", { starts: [{ sequence: 1, task: { name: "square" }, input: [null] }] });
  const [child] = (body as ChildrenResponse).children; // the gateway's own answer
  return child && "name" in child ? child.name : "";
}

test("a cancel is stored in the child, and all else in it stays (S166)", async () => {
  await using box = await GatewayBox.open();
  const name = await aChild(box);

  const answer = await box.post(`children/${name}/cancel`, {});

  expect(answer.status).toBe(200);
  expect(box.run(name)?.spec).toEqual({ task: "math/square:1", input: [null], cancel: true });
});

test("a cancel that meets another write is stored after it", async () => {
  await using box = await GatewayBox.open();
  const name = await aChild(box);
  box.cluster.beforeNext("replace", taskRuns, () => box.finish(name, "Failed"));

  const answer = await box.post(`children/${name}/cancel`, {});

  expect(answer.status).toBe(200);
  expect(box.run(name)?.status).toMatchObject({ phase: "Failed" });
});

test("a child that has ended keeps its outcome, and nothing is written (S167)", async () => {
  await using box = await GatewayBox.open();
  const name = await aChild(box);
  box.finish(name, "Succeeded");
  const writes = box.cluster.writes.length;

  const answer = await box.post(`children/${name}/cancel`, {});

  expect(answer.status).toBe(200);
  expect(box.cluster.writes).toHaveLength(writes);
});

test.each([
  { given: "a run of somebody else", name: "other" },
  { given: "a run that does not exist", name: "nothing" },
  { given: "the run itself", name: "square-4" },
])("$given cannot be canceled", async ({ name }) => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([], { metadata: { name: "other", uid: "other-uid" } }));

  const answer = await box.post(`children/${name}/cancel`, {});

  expect(answer).toMatchObject({ status: 404, body: { code: "NotFound", message: `task run not found: ${name}` } });
  expect(box.run("other")?.spec).not.toHaveProperty("cancel");
});

test("an attempt that has ended cancels nothing", async () => {
  await using box = await GatewayBox.open();
  const name = await aChild(box);
  box.seedRun(anAcceptedRun([anAttempt(1, { finishedAt: stamp(5) })]));

  const answer = await box.post(`children/${name}/cancel`, {});

  expect(answer.status).toBe(409);
  expect(box.cluster.peek(taskRuns, { namespace, name })?.spec).not.toHaveProperty("cancel");
});

test("a rerun is stored in the child, its cancel taken back, and all else stays (S170, S172)", async () => {
  await using box = await GatewayBox.open();
  const name = await aChild(box);
  await box.post(`children/${name}/cancel`, {});
  box.finish(name, "Canceled");

  const answer = await box.post(`children/${name}/rerun`, { latest: true });

  expect(answer.status).toBe(200);
  const rerun = { generation: 1, revision: "Latest" };
  expect(box.run(name)?.spec).toEqual({ task: "math/square:1", input: [null], rerun });
});

test.each([
  { given: "that is live", ends: false, says: "is still active" },
  { given: "that has succeeded", ends: true, says: "has succeeded; trigger a new run" },
])("a child $given is not done again (S170)", async ({ ends, says }) => {
  await using box = await GatewayBox.open();
  const name = await aChild(box);
  if (ends) box.finish(name, "Succeeded");

  const answer = await box.post(`children/${name}/rerun`, {});

  const body = { code: "CannotRerun", message: `task run ${name} ${says}` };
  expect(answer).toMatchObject({ status: 409, body });
  expect(box.run(name)?.spec).not.toHaveProperty("rerun");
});

test("a run of somebody else is not done again", async () => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([], { metadata: { name: "other", uid: "other-uid" } }));

  expect(await box.post("children/other/rerun", {})).toMatchObject({ status: 404 });
});

test("a child that is about to begin anew has no outcome to be awaited (S170)", async () => {
  await using box = await GatewayBox.open();
  const name = await aChild(box);
  box.finish(name, "Failed");
  const before = await box.post("events", { awaiting: [name], waitMs: 0 });

  await box.post(`children/${name}/rerun`, {});
  const after = await box.post("events", { awaiting: [name], waitMs: 0 });

  expect(before.body).toMatchObject({ outcomes: [{ name, phase: "Failed" }] });
  expect(after.body).toMatchObject({ outcomes: [] });
});
