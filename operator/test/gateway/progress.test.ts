import { label } from "@stint/crds/labels";
import { expect, test } from "vitest";

import { pods, taskRuns } from "../../src/effects/resources.ts";
import { anAcceptedRun, anAttempt, namespace, stamp } from "../builders.ts";
import { running } from "../core/decide-row.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

const run = { namespace, name: "square-4" };
const progress = [{ label: "", total: 10, done: 3 }];

test("progress and display name are written to the run", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.post("progress", { progress, displayName: "square of 4" });

  expect(answer.status).toBe(200);
  expect(box.run()?.status).toMatchObject({ phase: "Running", progress, displayName: "square of 4" });
});

test("a display name is cut to 1024 characters without a word (S150)", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.post("progress", { displayName: "x".repeat(2000) });

  expect(answer.status).toBe(200);
  expect(box.run()?.status?.displayName).toHaveLength(1024);
});

test("a runName that gave no name is a warning event, and nothing else (S21)", async () => {
  await using box = await GatewayBox.open();
  const note = 'runName of task "square" returned number, not a string';
  const before = box.run();

  const answer = await box.post("progress", { invalidRunName: note });

  expect(answer.status).toBe(200);
  expect(box.recorded).toEqual([{ kind: "recordEvent", type: "Warning", reason: "InvalidRunName", note }]);
  expect(box.run()).toEqual(before);
});

test("progress that meets another write is written after it", async () => {
  await using box = await GatewayBox.open();
  box.caches.fallBehind();
  box.cluster.edit(taskRuns, run, (live) => ({ ...live, spec: { ...live.spec, ttlSecondsAfterFinished: 5 } }));

  const answer = await box.post("progress", { progress });

  expect(answer.status).toBe(200);
  expect(box.run()).toMatchObject({ spec: { ttlSecondsAfterFinished: 5 }, status: { progress } });
});

test("a root's own progress meets the sum that its operator writes: neither is lost (S148)", async () => {
  await using box = await GatewayBox.open();
  const root = box.run()?.metadata;
  const labels = { [label.root]: root?.name ?? "", [label.rootUid]: root?.uid ?? "" };
  const told = (done: number) => [{ label: "", total: 10, done }];
  const child = running({ metadata: { name: "child", uid: "child", labels }, status: { progress: told(5) } });
  box.seedRun(child);
  box.caches.fallBehind();
  const summed = { at: box.clock.now().toISOString(), own: told(1) };
  box.cluster.edit(taskRuns, run, (live) => ({ ...live, status: { ...live.status, progress: told(6), summed } }));

  const answer = await box.post("progress", { progress });

  expect(answer.status).toBe(200);
  expect(box.run()?.status).toMatchObject({
    progress: [{ label: "", total: 20, done: 8 }],
    summed: { own: progress },
  });
  expect(box.run("child")?.status?.progress).toEqual(told(5));
});

test("progress concludes nothing: a replica that does not see the pod leaves that to the leader (S98)", async () => {
  await using box = await GatewayBox.open();
  box.cluster.remove(pods, { namespace, name: anAttempt(1).podName });

  const answer = await box.post("progress", { progress });

  expect(answer.status).toBe(200);
  expect(box.run()?.status).toMatchObject({ phase: "Running" });
  expect(box.run()?.status?.attempts?.[0]).not.toHaveProperty("finishedAt");
});

test("progress of an attempt that has ended is refused", async () => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([anAttempt(1, { finishedAt: stamp(5) })]));

  const answer = await box.post("progress", { progress });

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
  expect(box.run()?.status).not.toHaveProperty("progress");
});

test("more than 1000 labels are refused (S148)", async () => {
  await using box = await GatewayBox.open();
  const many = Array.from({ length: 1001 }, (_, index) => ({ label: String(index), total: 1, done: 0 }));

  const answer = await box.post("progress", { progress: many });

  expect(answer).toMatchObject({ status: 400, body: { code: "InvalidRequest" } });
});
