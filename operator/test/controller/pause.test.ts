// A pause, with everything real but the cluster, the clock and the kubelet (S173).
import { expect, test } from "vitest";

import { lives } from "./kubelet.ts";
import { aBox } from "./operator-in-a-box.ts";

test("a running attempt finishes, and its retry waits for the end of the pause (S173)", async () => {
  const { box, operator } = await aBox({ lives: [lives.throws, lives.succeeds] });
  await box.apply();
  await box.untilReason("AttemptRunning");

  box.edit({ suspend: true });
  await box.untilReason("SuspendRequested");
  const paused = box.standing;
  const writes = operator.writes().length;
  await box.clock.advance(3_600_000);
  const meanwhile = operator.writes().slice(writes);
  box.edit({ suspend: false });
  await box.untilFinished();

  expect(paused).toBe("Suspended SuspendRequested");
  expect(meanwhile.filter((write) => write !== "deleteCollection pods")).toEqual([]);
  expect(box.ends).toEqual(["TaskError", "Succeeded"]);
  expect(box.status.userRetries).toBe(1);
});

test("a running attempt that succeeds ends the run all the same (S173)", async () => {
  const { box } = await aBox({ lives: [lives.succeeds] });
  await box.apply();
  await box.untilReason("AttemptRunning");

  box.edit({ suspend: true });
  await box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
});

test("descendants are paused, one that is started meanwhile too, and go on together (S173)", async () => {
  const { box } = await aBox({ lives: [lives.lasts] });
  const parent = await box.apply();
  await box.untilReason("AttemptRunning");
  const child = await box.apply({ startAt: new Date(box.clock.now().getTime() + 5000).toISOString() }, "child", parent);
  await box.untilReason("Delayed", "child");

  box.edit({ suspend: true });
  await box.untilReason("SuspendRequested", "child");
  await box.apply({}, "late", child);
  await box.untilReason("SuspendRequested", "late");
  await box.clock.advance(60_000);
  const paused = [box.standing, box.podOf(1, "child"), box.podOf(1, "late")];
  box.edit({ suspend: false });
  await box.untilReason("AttemptRunning", "child");
  await box.untilReason("AttemptRunning", "late");

  expect(paused).toEqual(["Running AttemptRunning", undefined, undefined]);
});

test("a run that is created paused is not even accepted before it goes on (S173)", async () => {
  const { box } = await aBox({ lives: [lives.succeeds] });
  await box.apply({ suspend: true });
  await box.untilReason("SuspendRequested");
  const before = box.status;

  box.edit({ suspend: false });
  await box.untilFinished();

  expect(before).not.toHaveProperty("revision");
  expect(box.status).toMatchObject({ phase: "Succeeded", attemptCount: 1 });
});
