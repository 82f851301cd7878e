// Trees of runs that are handed over, with the whole operator (S134 to S140, S171).
import { describe, expect, test } from "vitest";

import { conditionOf } from "../../src/core/status.ts";
import { taskRuns } from "../../src/effects/resources.ts";
import { namespace } from "../builders.ts";
import { byProgram, handsOver, prepares, standings } from "./handing-over.ts";
import { lives, type PodLife } from "./kubelet.ts";
import { aBox, type ClusterBox } from "./operator-in-a-box.ts";

const leaf = { works: [lives.succeeds], fails: [lives.fails], lasts: [lives.lasts] } as const;

/** A cluster in which `square-4` hands over as its first life says. */
async function given(root: readonly PodLife[], programs: Readonly<Record<string, readonly PodLife[]>> = {}) {
  const { box, operator } = await aBox({ programs: { root, ...leaf, ...programs } });
  await box.apply({ input: ["root"], retry: { maxRetries: 1 } });
  return { box, operator };
}

const livePods = (box: ClusterBox) =>
  box.pods.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");

describe("a run that hands over", () => {
  test("waits without a pod until all of it is done, and keeps its result (S136)", async () => {
    const { box } = await given([handsOver({ program: "a" }, { program: "b", after: [1] })], {
      a: leaf.works,
      b: leaf.works,
    });

    await box.untilReason("WaitingForSubtasks");
    const whileItWaits = box.standing;
    await box.until(() => box.pods.length === 2 && livePods(box).length === 1);
    const owners = livePods(box).map(({ metadata }) => metadata.ownerReferences?.[0]?.name);
    await box.untilFinished();

    expect(whileItWaits).toBe("Running WaitingForSubtasks");
    expect(owners).toEqual([byProgram(box)["a"]?.metadata.name]);
    expect(standings(box)).toEqual({ a: "Succeeded Completed", b: "Succeeded Completed" });
    expect(box.standing).toBe("Succeeded Completed");
    expect(box.status).toMatchObject({ result: 16, attemptCount: 1 });
  });

  test("begins nothing before its report is taken (S135)", async () => {
    const { box } = await given([[...prepares({ program: "a" }), { afterMs: 60_000, does: "exit", code: 3 }]], {
      a: leaf.works,
    });

    await box.until(() => byProgram(box)["a"] !== undefined);
    await box.clock.advance(30_000);

    expect(byProgram(box)["a"]?.status).toBeUndefined();
    expect(box.pods).toHaveLength(1);
  });

  test("leaves nothing of a failed attempt behind, and all of the next one's (S135)", async () => {
    const dies: PodLife = [...prepares({ program: "a" }, { program: "b" }), { afterMs: 1000, does: "exit", code: 3 }];
    const leaves = Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, leaf.works]));
    const { box } = await given([dies, handsOver({ program: "c" }, { program: "d" })], leaves);

    await box.untilFinished();

    expect(standings(box)).toEqual({ c: "Succeeded Completed", d: "Succeeded Completed" });
    expect(box.standing).toBe("Succeeded Completed");
    expect(box.status.subtasks).toEqual({ attempt: 2, count: 2 });
  });

  test("costs a creation and a write to wait with, and nothing for each subtask that ends (S156, S299)", async () => {
    const subtasks = ["a", "b", "c"].map((program) => ({ program }));
    const leaves = Object.fromEntries(subtasks.map(({ program }) => [program, leaf.works]));
    const { box, operator } = await given([handsOver(...subtasks)], leaves);
    await box.untilFinished();

    // The creations, the subtasks' own four each, and of the parent's one more: it waits before it ends.
    expect(operator.writes()).toHaveLength(4 + 3 * (1 + 4) + 1);
  });

  test("is canceled with all that it handed over, at once (S162, S165)", async () => {
    const { box } = await given([handsOver({ program: "lasts" })]);
    await box.untilReason("WaitingForSubtasks");
    await box.until(() => livePods(box).length === 1);

    box.edit({ cancel: true });
    await box.until(() => livePods(box).length === 0);

    expect(box.standing).toBe("Canceled Canceled");
    await box.until(() => standings(box)["lasts"] === "Canceled ParentCanceled");
  });

  test("keeps its subtasks until it has ended itself, whatever their TTL (S160)", async () => {
    const { box } = await given([handsOver({ program: "a" }, { program: "lasts" })], { a: leaf.works });
    await box.untilReason("WaitingForSubtasks");
    const { metadata } = byProgram(box)["a"] ?? {};
    if (metadata) box.edit({ ttlSecondsAfterFinished: 0 }, metadata.name);

    await box.clock.advance(180_000);

    expect(standings(box)["a"]).toBe("Succeeded Completed");
    expect(box.standing).toBe("Running WaitingForSubtasks");
  });

  test("fails if a subtask is deleted: that is a cancel, and nobody remembers what it was (S168)", async () => {
    const { box } = await given([handsOver({ program: "lasts" })]);
    await box.until(() => livePods(box).length === 1 && byProgram(box)["lasts"] !== undefined);
    await box.untilReason("WaitingForSubtasks");

    box.hand.remove(taskRuns, { namespace, name: byProgram(box)["lasts"]?.metadata.name ?? "" });
    await box.untilFinished();

    expect([box.standing, box.message]).toEqual(["Failed SubtaskFailed", "1 subtask(s) were deleted"]);
  });
});

describe("dependsOn (S138)", () => {
  test("waits for all that stands below, what was called and not awaited included", async () => {
    const { box } = await given([handsOver({ program: "a" }, { program: "b", after: [1] })], {
      a: [handsOver({ program: "lasts", isCalled: true })],
      b: leaf.works,
    });

    await box.until(() => standings(box)["a"] === "Succeeded Completed");
    await box.clock.advance(60_000);
    expect(standings(box)).toMatchObject({ a: "Succeeded Completed", b: "Pending WaitingForUpstream" });

    const { metadata } = byProgram(box)["lasts"] ?? {};
    if (metadata) box.edit({ cancel: true }, metadata.name);
    await box.untilFinished();

    expect(standings(box)["b"]).toBe("Skipped UpstreamFailed");
    expect(box.standing).toBe("Failed SubtaskFailed");
  });
});

describe("a subtask that fails for good (S139)", () => {
  test("fails all that wait for it, up to the top; what runs finishes, what has not begun is canceled", async () => {
    const { box } = await given(
      [handsOver({ program: "middle" }, { program: "late", after: [1] }, { program: "slow" })],
      {
        middle: [handsOver({ program: "fails" }, { program: "later", after: [1] })],
        late: leaf.works,
        later: leaf.works,
        slow: [[{ afterMs: 60_000, does: "start" }, ...lives.succeeds]],
      },
    );

    await box.untilFinished();
    await box.until(() => standings(box)["slow"] === "Succeeded Completed");

    expect(standings(box)).toEqual({
      middle: "Failed SubtaskFailed",
      fails: "Failed NonRetryableError",
      later: "Canceled TreeFailed",
      late: "Canceled TreeFailed",
      slow: "Succeeded Completed",
    });
    expect(box.standing).toBe("Failed SubtaskFailed");
    expect(box.message).toBe(`subtask ${byProgram(box)["middle"]?.metadata.name} is Failed`);
    expect(box.ends).toEqual(["Succeeded"]);
  });

  test("drops what a running one submits after that", async () => {
    const { box } = await given([handsOver({ program: "fails" }, { program: "slow" })], {
      slow: [[{ afterMs: 30_000, does: "start" }, ...handsOver({ program: "never" })]],
      never: leaf.works,
    });

    await box.untilFinished();
    await box.until(() => standings(box)["slow"] === "Succeeded Completed");
    await box.clock.advance(60_000);

    expect(byProgram(box)).not.toHaveProperty("never");
    expect(byProgram(box)["slow"]?.status).not.toHaveProperty("subtasks");
  });

  test("that was called and not handed over fails nobody but its caller's subtree (S117)", async () => {
    const { box } = await given([handsOver({ program: "a" })], {
      a: [handsOver({ program: "fails", isCalled: true })],
    });

    await box.untilFinished();

    expect(box.standing).toBe("Succeeded Completed");
  });
});

describe("an optional subtask (S140)", () => {
  test("may fail: it is tolerated, what follows it runs, and the tree goes on", async () => {
    const { box } = await given([handsOver({ program: "fails", optional: true }, { program: "b", after: [1] })], {
      b: leaf.works,
    });

    await box.untilFinished();

    expect(standings(box)).toEqual({ fails: "Failed NonRetryableError, tolerated", b: "Succeeded Completed" });
    expect(box.standing).toBe("Succeeded Completed");
  });

  test("confines a failure below it: the rest of its branch is skipped, and nothing outside", async () => {
    const { box } = await given([handsOver({ program: "branch", optional: true }, { program: "b", after: [1] })], {
      branch: [handsOver({ program: "fails" }, { program: "rest", after: [1] })],
      rest: leaf.works,
      b: leaf.works,
    });

    await box.untilFinished();

    expect(standings(box)).toEqual({
      branch: "Failed SubtaskFailed, tolerated",
      fails: "Failed NonRetryableError",
      rest: "Skipped OptionalBranchFailed",
      b: "Succeeded Completed",
    });
    expect(box.standing).toBe("Succeeded Completed");
  });

  test("confines it further inside another one", async () => {
    const { box } = await given([handsOver({ program: "outer", optional: true })], {
      outer: [handsOver({ program: "inner", optional: true }, { program: "beside", after: [1] })],
      inner: [handsOver({ program: "fails" })],
      beside: leaf.works,
    });

    await box.untilFinished();

    expect(standings(box)).toMatchObject({
      inner: "Failed SubtaskFailed, tolerated",
      beside: "Succeeded Completed",
      outer: "Succeeded Completed",
    });
  });
});

describe("a tree that is done again (S171)", () => {
  const mends = [lives.fails, lives.succeeds];

  test("restarts what had not ended well, keeps what had, and goes on", async () => {
    const { box } = await given(
      [handsOver({ program: "done" }, { program: "middle" }, { program: "late", after: [2] })],
      {
        done: leaf.works,
        middle: [handsOver({ program: "mends" }, { program: "later", after: [1] })],
        mends,
        late: leaf.works,
        later: leaf.works,
      },
    );
    await box.untilFinished();
    await box.until(() => standings(box)["late"] === "Canceled TreeFailed");
    await box.until(() => standings(box)["done"] === "Succeeded Completed");

    box.edit({ rerun: { generation: 1, revision: "Latest" } });
    await box.untilReason("WaitingForSubtasks");
    await box.untilFinished("square-4", 300_000);

    expect(box.standing).toBe("Succeeded Completed");
    expect(byProgram(box)["mends"]?.spec.rerun).toEqual({ generation: 1, revision: "Latest" }); // S172
    expect(byProgram(box)["done"]?.spec).not.toHaveProperty("rerun");
    expect(new Set(Object.values(standings(box)))).toEqual(new Set(["Succeeded Completed"]));
    const attempts = Object.fromEntries(
      Object.entries(byProgram(box)).map(([program, { status }]) => [program, status?.attemptCount]),
    );
    expect(attempts).toEqual({ done: 1, middle: 1, mends: 2, late: 1, later: 1 });
    expect(box.status).toMatchObject({ result: 16, attemptCount: 1 });
  });

  test("after a cancel goes on where it stood", async () => {
    const { box } = await given([handsOver({ program: "a" })], { a: [lives.lasts, lives.succeeds] });
    await box.untilReason("WaitingForSubtasks");
    await box.until(() => livePods(box).length === 1);
    box.edit({ cancel: true });
    await box.until(() => standings(box)["a"] === "Canceled ParentCanceled");

    box.edit({ cancel: false, rerun: { generation: 1 } });
    await box.untilReason("WaitingForSubtasks");
    await box.untilFinished("square-4", 300_000);

    expect([box.standing, standings(box)["a"]]).toEqual(["Succeeded Completed", "Succeeded Completed"]);
  });

  test("is not, if its own function had failed: that begins a new attempt (S171)", async () => {
    const { box } = await given([lives.fails, handsOver({ program: "a" })], { a: leaf.works });
    await box.untilFinished();

    box.edit({ rerun: { generation: 1 } });
    await box.until(() => box.status.attemptCount === 2);
    await box.untilFinished();

    expect([box.standing, box.status.subtasks]).toEqual(["Succeeded Completed", { attempt: 2, count: 1 }]);
  });
});

test("a failure message says which subtask it was", async () => {
  const { box } = await given([handsOver({ program: "fails" })]);
  await box.untilFinished();

  const message = conditionOf(box.status.conditions, "Succeeded")?.message;
  expect(message).toBe(`subtask ${byProgram(box)["fails"]?.metadata.name} is Failed`);
  expect(box.status.error).toMatchObject({ name: "SubtaskFailed", message });
  expect(box.events).toContain("SubtaskFailed");
});
