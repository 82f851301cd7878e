// Runs that depend on others, with the whole operator: who waits, who starts, who is skipped, and what that costs.
import { expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import { namespace } from "../builders.ts";
import { lives } from "./kubelet.ts";
import { aBox, type ClusterBox } from "./operator-in-a-box.ts";

const phaseOf = (box: ClusterBox, name: string) => `${box.statusOf(name).phase} ${box.reasonOf(name)}`;

test("a run starts when the last of its upstreams has Succeeded, woken by it alone (S131)", async () => {
  const { box } = await aBox({ lives: [lives.succeeds] });
  await box.apply({ dependsOn: [{ run: "a" }, { run: "b" }] }, "last");
  await box.apply({}, "a");
  await box.apply({ dependsOn: [{ run: "a" }] }, "b");

  await box.untilFinished("a");
  await box.until(() => box.podOf(1, "b") !== undefined, 100);
  const meanwhile = phaseOf(box, "last");
  await box.untilFinished("b");
  await box.until(() => box.podOf(1, "last") !== undefined, 100);

  expect(meanwhile).toBe("Pending WaitingForUpstream");
  await box.untilFinished("last");
  expect(phaseOf(box, "last")).toBe("Succeeded Completed");
});

test("waiting costs one write, and depending on a run that has ended none (S299)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  await box.apply({}, "a");
  await box.untilFinished("a");
  await box.apply({ dependsOn: [{ run: "a" }] }, "b");
  await box.untilFinished("b");
  const withoutWaiting = operator.writes().length;

  await box.apply({}, "d");
  await box.apply({ dependsOn: [{ run: "d" }] }, "c");
  await box.untilFinished("c");

  expect(withoutWaiting).toBe(4 + 4);
  expect(operator.writes()).toHaveLength(withoutWaiting + 4 + 4 + 1);
});

test("a failure skips all that follows, without a pod or a retry (S132)", async () => {
  const { box } = await aBox({ lives: [lives.throws] });
  await box.apply({ retry: { maxRetries: 0 } }, "a");
  await box.apply({ dependsOn: [{ run: "a" }] }, "b");
  await box.apply({ inputRefs: [{ pointer: "/0", run: "b" }], dependsOn: [{ run: "b" }], input: [null] }, "c");

  for (const name of ["b", "c"]) await box.untilFinished(name);

  expect([phaseOf(box, "b"), phaseOf(box, "c")]).toEqual(["Skipped UpstreamFailed", "Skipped UpstreamFailed"]);
  expect([box.podOf(1, "b"), box.podOf(1, "c")]).toEqual([undefined, undefined]);
  expect(box.statusOf("c").attempts).toBeUndefined();
});

test("a failure that is allowed holds nobody up (S133)", async () => {
  const { box } = await aBox({ lives: [lives.throws] });
  await box.apply({ retry: { maxRetries: 0 } }, "a");
  await box.apply({ dependsOn: [{ run: "a", allowFailure: true }], retry: { maxRetries: 0 } }, "b");

  await box.until(() => box.podOf(1, "b") !== undefined);

  expect(phaseOf(box, "a")).toBe("Failed TaskError");
});

test("a circle ends, however it came about (S132)", async () => {
  const { box } = await aBox({ lives: [lives.succeeds] });
  await box.apply({ dependsOn: [{ run: "b" }] }, "a");
  await box.untilReason("WaitingForUpstream", "a");

  await box.apply({ dependsOn: [{ run: "a" }] }, "b");
  for (const name of ["a", "b"]) await box.untilFinished(name);

  expect(["a", "b"].map((name) => box.reasonOf(name))).toContain("UpstreamCycle");
  expect(box.pods).toEqual([]);
});

test("an upstream is kept until all that depend on it have ended (S160)", async () => {
  const { box } = await aBox({ lives: [lives.succeeds] });
  await box.apply({ ttlSecondsAfterFinished: 0 }, "a");
  await box.apply({ dependsOn: [{ run: "a" }] }, "b");

  await box.untilFinished("b");
  const whileNeeded = box.run("a") !== undefined;
  await box.until(() => box.run("a") === undefined);

  expect(whileNeeded).toBe(true);
});

test("an upstream that is deleted is waited for, as one that never was (S132)", async () => {
  const { box } = await aBox({ lives: [lives.lasts] });
  await box.apply({}, "a");
  await box.apply({ dependsOn: [{ run: "a" }] }, "b");
  await box.untilReason("WaitingForUpstream", "b");

  box.hand.remove(taskRuns, { namespace, name: "a" });
  await box.clock.advance(60_000);

  expect(phaseOf(box, "b")).toBe("Pending WaitingForUpstream");
});
