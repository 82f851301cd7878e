// Runs that an attempt hands over, as the gateway makes them (S134, S135).
import { annotation, label } from "@stint/crds/labels";
import { expect, test } from "vitest";

import { controllerRevisions, taskRuns } from "../../src/effects/resources.ts";
import { aManifestTask, anAcceptedRun, anAttempt, aRevision, namespace } from "../builders.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

const square = { task: { name: "square" }, input: [2], submission: {} };

test("a submission carries the attempt that it waits for, and else is a child like any other", async () => {
  await using box = await GatewayBox.open();
  const options = { optional: true, dependsOn: [{ run: "a", scope: "Subtree" }] };

  const answer = await box.post("children", { starts: [{ sequence: 1, ...square, options }] });

  expect(answer.status).toBe(200);
  expect(box.children()).toMatchObject([
    {
      metadata: {
        labels: { [label.handedOver]: "1", [label.parent]: "square-4" },
        annotations: { [annotation.sequence]: "1" },
      },
      spec: { task: "math/square:1", input: [2], optional: true, dependsOn: [{ run: "a", scope: "Subtree" }] },
    },
  ]);
  expect(box.children()[0]?.spec).not.toHaveProperty("retry");
});

test("a number of retries takes the place of the task's own, and the rest of its settings stays (S134)", async () => {
  await using box = await GatewayBox.open();
  const { metadata } = box.cluster.peekAll(controllerRevisions)[0] ?? {};
  const task = aManifestTask({ settings: { retry: { maxRetries: 9, delaysSeconds: [5] } } });
  box.cluster.seed(controllerRevisions, { metadata, revision: 1, data: aRevision({ manifest: [task] }) });
  const start = (sequence: number, more: object) => ({ sequence, ...square, submission: { maxRetries: 1 }, ...more });

  await box.post("children", {
    starts: [
      start(1, {}),
      start(2, { options: { retry: { waitDurationMs: 10 } } }),
      start(3, { task: { bundle: "media", name: "resize" } }),
    ],
  });

  const retries = box
    .children()
    .toSorted(bySequence)
    .map(({ spec }) => spec.retry);
  expect(retries).toMatchObject([
    { maxRetries: 1, delaysSeconds: [5] },
    { maxRetries: 1, waitDurationMs: 10, backoffScaling: 1.5 },
    { maxRetries: 1, waitDurationMs: 1000, backoffScaling: 2 }, // the product's own (S78)
  ]);
  expect(retries[0]).not.toHaveProperty("waitDurationMs");
});

test("a repeated hand-over finds what the first one made (S118)", async () => {
  await using box = await GatewayBox.open();
  box.caches.fallBehind();
  const start = { starts: [{ sequence: 1, ...square }] };
  box.cluster.commitThenFailNext("create", taskRuns);

  const lost = await box.post("children", start);
  const found = await box.post("children", start);

  expect([lost.status, found.status]).toEqual([503, 200]);
  expect(box.children()).toHaveLength(1);
});

test("the report that hands over is taken, and again, and its result is kept apart from the end (S52, S136)", async () => {
  await using box = await GatewayBox.open();
  const report = { kind: "succeeded", value: 16, submitted: 1, startedAt: "2026-01-01T00:00:01.000Z" };

  const first = await box.post("report", report);
  const again = await box.post("report", report);
  const other = await box.post("report", { ...report, submitted: 2 });

  expect([first.status, again.status, other.status]).toEqual([200, 200, 409]);
  expect(box.run()?.status).toMatchObject({ phase: "Running", result: 16, subtasks: { attempt: 1, count: 1 } });
});

test.each([0, 1001, 1.5])("a report of %d submissions is none (S135)", async (submitted) => {
  await using box = await GatewayBox.open();
  const report = { kind: "succeeded", value: 16, submitted, startedAt: "2026-01-01T00:00:01.000Z" };

  expect(await box.post("report", report)).toMatchObject({ status: 400, body: { code: "InvalidRequest" } });
});

test("a hand-over has room in the tree or is refused (S127), and none is made by a run that is being canceled (S125)", async () => {
  await using full = await GatewayBox.open({ limits: { treeDepth: 1, treeSize: 0 } });
  await using canceled = await GatewayBox.open();
  canceled.seedRun(anAcceptedRun([anAttempt()], { spec: { cancel: true } }));
  const start = { starts: [{ sequence: 1, ...square }] };

  const message = "run tree of square-4 has reached its depth limit of 1";
  expect((await full.post("children", start)).body).toMatchObject({
    children: [{ sequence: 1, error: { code: "TreeLimitExceeded", message } }],
  });
  expect(await canceled.post("children", start)).toMatchObject({ status: 409, body: { code: "Canceled" } });
});

test("a run that waits for its subtasks starts nothing more", async () => {
  await using box = await GatewayBox.open();
  await box.post("report", { kind: "succeeded", value: 1, submitted: 1, startedAt: "2026-01-01T00:00:01.000Z" });

  const answer = await box.post("children", { starts: [{ sequence: 2, ...square }] });

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
  expect(box.cluster.peekAll(taskRuns).map(({ metadata }) => metadata.namespace)).toEqual([namespace]);
});

type Child = ReturnType<GatewayBox["children"]>[number];

function bySequence(a: Child, b: Child): number {
  const sequenceOf = ({ metadata }: Child) => Number(metadata.annotations?.[annotation.sequence]);
  return sequenceOf(a) - sequenceOf(b);
}
