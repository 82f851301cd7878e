// What an attempt is told of the runs that its own depends on (S130, S133, S142).
import type { InputRef } from "@stint/crds/dependency";
import type { Json } from "@stint/crds/json";
import type { TaskRunSpec } from "@stint/crds/taskrun";
import { expect, test } from "vitest";

import { summaryOf } from "../../src/effects/reading.ts";
import { taskRuns } from "../../src/effects/resources.ts";
import { anAcceptedRun, anAttempt, namespace, runUid } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

/** A gateway before which `square-4` runs with this input. */
async function given(input: Json, spec: Pick<TaskRunSpec, "inputRefs" | "dependsOn">): Promise<GatewayBox> {
  const box = await GatewayBox.open();
  const summary = summaryOf(input, spec.inputRefs);
  box.seedRun(anAcceptedRun([anAttempt()], { spec, input: summary, status: { inputHash: summary.hash } }), input);
  return box;
}

/** An upstream that has ended. */
function ended(box: GatewayBox, name: string, phase: "Succeeded" | "Failed" = "Succeeded", result?: Json): void {
  box.cluster.seed(taskRuns, { metadata: { namespace, name, uid: name }, spec: { task: "math/square:1" } });
  box.finish(name, phase, result === undefined ? {} : { result });
}

const at = (pointer: string, run: string): InputRef => ({ pointer, run });

test("a result stands in its place, at any depth, and how the run ended beside it (S130, S142)", async () => {
  await using box = await given([null, { "a/b": [1, null] }, null], {
    inputRefs: [at("/0", "a"), at("/1/a~1b/1", "b"), at("/2", "a")],
    dependsOn: [{ run: "a" }, { run: "b" }],
  });
  ended(box, "a", "Succeeded", { n: 9 });
  ended(box, "b", "Succeeded", null);

  const { status, body } = await box.get("assignment");

  expect(status).toBe(200);
  expect(body).toMatchObject({
    input: [{ n: 9 }, { "a/b": [1, null] }, { n: 9 }],
    upstream: [
      { run: "a", phase: "Succeeded", reason: "Completed" },
      { run: "b", phase: "Succeeded", reason: "Completed" },
    ],
  });
  expect(body).not.toHaveProperty("failures");
});

test("what a result says has no meaning of its own", async () => {
  const mischief = { inputRefs: [at("/0", "b")], failures: [{ pointer: "/0" }], "/0": null };
  await using box = await given([null], { inputRefs: [at("/0", "a")] });
  ended(box, "a", "Succeeded", mischief);

  expect((await box.get("assignment")).body).toMatchObject({ input: [mischief] });
});

test("a run that was allowed to fail leaves null in its place, and the place is marked (S133)", async () => {
  await using box = await given([null, null], {
    inputRefs: [at("/0", "a"), at("/1", "b")],
    dependsOn: [{ run: "b", allowFailure: true }],
  });
  ended(box, "a", "Succeeded", 1);
  ended(box, "b", "Failed");

  const { body } = await box.get("assignment");

  expect(body).toMatchObject({
    input: [1, null],
    failures: [{ pointer: "/1", outcome: { name: "b", task: "math/square", phase: "Failed", reason: "TaskError" } }],
    upstream: [
      { run: "b", phase: "Failed", reason: "TaskError" },
      { run: "a", phase: "Succeeded" },
    ],
  });
});

test("of runs whose results are not wanted the cache tells, and no request (S142)", async () => {
  await using box = await given([4], { dependsOn: [{ run: "a" }, { run: "gone" }] });
  ended(box, "a");
  box.cluster.calls.length = 0;

  const { body } = await box.get("assignment");

  expect(body).toMatchObject({ input: [4], upstream: [{ run: "a", phase: "Succeeded", reason: "Completed" }] });
  expect(box.cluster.calls.map(({ key }) => key)).not.toContain("team-a/a");
});

test("a run that is gone with its result ends the one that needs it (S130)", async () => {
  await using box = await given([null], { inputRefs: [at("/0", "a")] });

  const answer = await box.get("assignment");

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
  expect(box.run()?.status?.error).toMatchObject({ message: "inputRefs: run a does not exist" });
  expect(box.run()?.status).toMatchObject({ phase: "Failed", attempts: [{ reason: "InvalidSpec", class: "Final" }] });
});

test("results that are too large together end the run, with the number of their bytes (S43, S130)", async () => {
  await using box = await given([null, null], { inputRefs: [at("/0", "a"), at("/1", "b")] });
  for (const name of ["a", "b"]) ended(box, name, "Succeeded", "x".repeat(300_000));

  const answer = await box.get("assignment");

  expect(answer).toMatchObject({ status: 409 });
  expect(box.run()?.status?.error?.message).toBe(
    "input of task math/square is 600007 bytes, the limit is 524288 bytes (no payload store is configured)",
  );
});

test("a run that is live again is waited for, and so is an API server that does not answer", async () => {
  await using box = await given([null], { inputRefs: [at("/0", "a")] });
  box.cluster.seed(taskRuns, { metadata: { namespace, name: "a", uid: "a" }, spec: { task: "math/square" } });

  const again = await box.get("assignment");
  ended(box, "a", "Succeeded", 1);
  box.cluster.failNext("get", taskRuns, apiError("unavailable"));
  const away = await box.get("assignment");

  expect([again, away]).toMatchObject([{ status: 503 }, { status: 503 }]);
  expect(box.run()?.metadata.uid).toBe(runUid);
  expect((await box.get("assignment")).body).toMatchObject({ input: [1] });
});

test("a thousand results are read, each once (S130)", async () => {
  const names = Array.from({ length: 1000 }, (_, n) => `a${n}`);
  await using box = await given(
    names.map(() => null),
    { inputRefs: names.map((name, n) => at(`/${n}`, name)) },
  );
  for (const [n, name] of names.entries()) ended(box, name, "Succeeded", n);

  const { body } = await box.get("assignment");

  expect(body).toMatchObject({ input: names.map((_, n) => n) });
});
