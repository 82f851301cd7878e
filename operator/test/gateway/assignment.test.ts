import { expect, test } from "vitest";

import { summaryOf } from "../../src/effects/reading.ts";
import { taskRuns } from "../../src/effects/resources.ts";
import {
  aManifestTask,
  anAcceptedRun,
  anAttempt,
  namespace,
  resolvedSettings,
  runUid,
  after,
  stamp,
} from "../builders.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

const run = { namespace, name: "square-4" };

test("an attempt is told everything that it needs to know", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.get("assignment");

  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    namespace,
    name: "square-4",
    uid: runUid,
    root: "square-4",
    bundle: "math",
    task: "square",
    revision: 1,
    attempt: 1,
    userRetries: 0,
    maxRetries: 3,
    input: [4],
    timeoutSeconds: 7200,
    gracePeriodSeconds: 10,
    tags: [],
    labels: {},
  });
});

test("what was pinned, inherited and labelled is in it", async () => {
  await using box = await GatewayBox.open();
  box.seedManifest([aManifestTask({ tags: ["math", "fast"], labels: { type: "cpu" } })]);
  box.seedRun(
    anAcceptedRun([anAttempt()], {
      metadata: { labels: { team: "a", "stint.dev/bundle": "math", "tag.stint.dev/nightly": "" } },
      spec: { tags: ["nightly", "fast"] },
      status: {
        deadlineAt: stamp(600),
        resolved: resolvedSettings({ timeoutSeconds: 60, gracePeriodSeconds: 0 }),
        parent: { name: "sum", uid: "sum-uid", attempt: 2 },
        root: { name: "top", uid: "top-uid" },
      },
    }),
  );

  const answer = await box.get("assignment");

  expect(answer.body).toMatchObject({
    parent: "sum",
    root: "top",
    deadlineAt: after(600).toISOString(),
    timeoutSeconds: 60,
    gracePeriodSeconds: 0,
    tags: ["math", "fast", "nightly"],
    labels: { type: "cpu", team: "a" },
  });
});

test("tags that stand in the place of the task's, and prints to be recorded, are told (S26, S144)", async () => {
  await using box = await GatewayBox.open();
  box.seedManifest([aManifestTask({ tags: ["math", "fast"] })]);
  box.seedRun(
    anAcceptedRun([anAttempt()], {
      spec: { tags: ["mine"], tagPolicy: "Replace" },
      status: { resolved: resolvedSettings({ logPrints: true }) },
    }),
  );

  const answer = await box.get("assignment");

  expect(answer.body).toMatchObject({ tags: ["mine"], logPrints: true });
});

test("the input is read live and whole, nulls included", async () => {
  await using box = await GatewayBox.open();
  box.caches.fallBehind();
  const input = { a: null, b: [null] };
  const { hash } = summaryOf(input);
  box.seedRun(anAcceptedRun([anAttempt()], { status: { inputHash: hash } }), input);

  const answer = await box.get("assignment");

  expect(answer.body).toMatchObject({ input });
});

test("an attempt whose number is not in the status yet is told to ask again", async () => {
  await using box = await GatewayBox.open();
  const token = await box.token({ podName: anAttempt(2).podName });

  const answer = await box.get("assignment", { token });

  expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "1" }, body: { code: "Unavailable" } });
});

test("an input that was changed after acceptance ends the run, and there is no assignment (S158)", async () => {
  await using box = await GatewayBox.open();
  box.cluster.edit(taskRuns, run, (live) => ({ ...live, spec: { ...live.spec, input: [5] } }));

  const answer = await box.get("assignment");

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
  expect(box.run()?.status).toMatchObject({
    phase: "Failed",
    attempts: [{ reason: "InvalidSpec", class: "Final" }],
    error: { message: "spec.input changed after the run was accepted" },
  });
});

test.each([
  { given: "an attempt that has ended", attempt: anAttempt(1, { finishedAt: stamp(5) }), code: "NotCurrent" },
  {
    given: "an attempt that is being stopped",
    attempt: anAttempt(1, { stop: { reason: "DeadlineExceeded", at: stamp(5) } }),
    code: "NotCurrent",
  },
])("there is no assignment for $given", async ({ attempt, code }) => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([attempt]));

  const answer = await box.get("assignment");

  expect(answer).toMatchObject({ status: 409, body: { code } });
});

test("there is no assignment for a run that is being canceled", async () => {
  await using box = await GatewayBox.open();
  box.cluster.edit(taskRuns, run, (live) => ({ ...live, spec: { ...live.spec, cancel: true } }));

  const answer = await box.get("assignment");

  expect(answer).toMatchObject({ status: 409, body: { code: "Canceled" } });
});
