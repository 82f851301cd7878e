import { label } from "@stint/crds/labels";
import { expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import { aManifestTask, anAcceptedRun, anAttempt, namespace } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

test("a run is started that belongs to no tree (S123)", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.post("runs", {
    name: "report-7",
    task: "media/resize",
    input: { width: 640 },
    options: { startAt: "2026-01-02T00:00:00Z", tags: ["nightly"] },
  });

  const made = box.run("report-7");
  expect(answer).toMatchObject({ status: 200, body: { name: "report-7", uid: made?.metadata.uid } });
  expect(made?.metadata.labels).toEqual({
    [label.bundle]: "media",
    [label.triggeredBy]: expect.any(String),
    "tag.stint.dev/nightly": "",
  });
  expect(made?.metadata).not.toHaveProperty("ownerReferences");
  expect(made?.spec).toEqual({
    task: "media/resize",
    input: { width: 640 },
    startAt: "2026-01-02T00:00:00Z",
    tags: ["nightly"],
  });
});

test("a run carries its task's tags and labels, and goes on in the trace of who starts it (S18, S20, S151)", async () => {
  await using box = await GatewayBox.open();
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  box.seedManifest([aManifestTask({ tags: ["math"], labels: { type: "cpu" } })]);
  box.seedRun(anAcceptedRun([anAttempt()], { metadata: { annotations: { "stint.dev/traceparent": traceparent } } }));

  await box.post("runs", { name: "newest", task: "math/square", input: [4] });
  await box.post("runs", { name: "missing", task: "math/square:2", input: [4] });

  const labels = { type: "cpu", "tag.stint.dev/math": "", [label.bundle]: "math" };
  expect(box.run("newest")?.metadata).toMatchObject({ labels, annotations: { "stint.dev/traceparent": traceparent } });
  expect(box.run("missing")?.metadata.labels).not.toHaveProperty("type");
});

test("a run without a name gets one", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.post("runs", { task: "media/resize", input: [] });

  expect(answer.body).toMatchObject({ name: expect.stringMatching(/^trn-[0-9a-v]{20}$/) });
});

test("an existing run of the name and task is the answer, whatever its phase (S111)", async () => {
  await using box = await GatewayBox.open();
  const request = { name: "report-7", task: "media/resize", input: [1] };
  const first = await box.post("runs", request);
  box.finish("report-7", "Failed");

  const again = await box.post("runs", request);
  const pinned = await box.post("runs", { ...request, task: "media/resize:3" });

  expect([again.body, pinned.body]).toEqual([first.body, first.body]);
});

test("a name that belongs to another task is refused (S111)", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.post("runs", { name: "square-4", task: "media/resize", input: [] });

  const message = "run square-4 exists and belongs to math/square";
  expect(answer).toMatchObject({ status: 409, body: { code: "KeyConflict", message } });
});

test.each([
  {
    given: "a name over 52 characters",
    request: { name: "x".repeat(53) },
    says: "metadata.name must be at most 52 characters",
  },
  { given: "no task reference", request: { task: "resize" }, says: '"resize" is not <bundle>/<task>' },
  {
    given: "an input over its limit",
    request: { input: ["x".repeat(524_288)] },
    says: "input of task media/resize is 524292 bytes, the limit is 524288 bytes (no payload store is configured)",
  },
])("a request with $given is refused", async ({ request, says }) => {
  await using box = await GatewayBox.open();

  const answer = await box.post("runs", { task: "media/resize", input: [], ...request });

  expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining(says) } });
});

test("what the API server finds wrong with a run is passed on", async () => {
  await using box = await GatewayBox.open();
  box.cluster.failNext("create", taskRuns, apiError("invalid", { serverMessage: "metadata.name: Invalid value" }));

  const answer = await box.post("runs", { name: "Not_A_Name", task: "media/resize", input: [] });

  expect(answer).toMatchObject({
    status: 400,
    body: { code: "InvalidRequest", message: "metadata.name: Invalid value" },
  });
});

test("a run that is being canceled starts nothing (S125)", async () => {
  await using box = await GatewayBox.open();
  box.cluster.edit(taskRuns, { namespace, name: "square-4" }, (live) => ({
    ...live,
    spec: { ...live.spec, cancel: true },
  }));

  const answer = await box.post("runs", { name: "report-7", task: "media/resize", input: [] });

  expect(answer).toMatchObject({ status: 409, body: { code: "Canceled" } });
  expect(box.run("report-7")).toBeUndefined();
});

test("a run that was triggered inside a run may be awaited there, and canceled (S110)", async () => {
  await using box = await GatewayBox.open();
  await box.post("runs", { name: "report-7", task: "media/resize", input: [640] });
  box.finish("report-7", "Succeeded", { result: 7 });

  const news = await box.post("events", { awaiting: ["report-7"], waitMs: 0 });
  await box.post("runs", { name: "report-8", task: "media/resize", input: [640] });
  const canceled = await box.post("children/report-8/cancel", {});

  expect(news).toMatchObject({ status: 200, body: { outcomes: [{ name: "report-7", result: 7 }] } });
  expect(canceled.status).toBe(200);
  expect(box.run("report-8")?.spec.cancel).toBe(true);
});
