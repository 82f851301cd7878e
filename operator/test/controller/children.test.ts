// Runs that a run starts, with the whole operator: each is a run of its own (S113, S117, S119, S126).
import type { ChildStart } from "@stint/crds/attempt";
import { label } from "@stint/crds/labels";
import type { TaskRun } from "@stint/crds/taskrun";
import { describe, expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import { awaitEvents } from "../../src/gateway/events.ts";
import { namespace } from "../builders.ts";
import { lives, type PodLife } from "./kubelet.ts";
import { aBox, type ClusterBox } from "./operator-in-a-box.ts";

const call = (sequence: number, program: string, options: ChildStart["options"] = {}): ChildStart => ({
  sequence,
  task: { name: "square" },
  input: [program],
  options,
});

/** Its runner starts these and goes on for an hour, or does what else is said. */
const starts = (children: readonly ChildStart[], ...then: PodLife): PodLife => [
  ...lives.lasts,
  { afterMs: 2000, does: "children", starts: () => children },
  ...then,
];

async function given(root: readonly PodLife[], programs: Readonly<Record<string, readonly PodLife[]>>) {
  const { box, operator } = await aBox({ programs: { root, ...programs } });
  await box.apply({ input: ["root"] });
  return { box, operator };
}

function childrenOf(box: ClusterBox): readonly TaskRun[] {
  return box.hand.peekAll(taskRuns).filter(({ metadata }) => metadata.labels?.[label.parent] === "square-4");
}

const podsOf = (box: ClusterBox, { metadata }: TaskRun) =>
  box.pods.filter(({ metadata: { labels } }) => labels?.[label.run] === metadata.name);

describe("a child (S113)", () => {
  test("has a pod, a type, a timeout and retries of its own, and its parent's pod stays", async () => {
    const options = { instanceType: "starter", timeoutSeconds: 60, retry: { maxRetries: 1, waitDurationMs: 0 } };
    const { box } = await given([starts([call(1, "flaky", options)])], { flaky: [lives.throws, lives.succeeds] });

    await box.until(() => childrenOf(box)[0]?.status?.phase === "Succeeded");

    const [child] = childrenOf(box);
    expect(child?.status).toMatchObject({
      instanceType: "starter",
      resolved: { timeoutSeconds: 60, retry: { maxRetries: 1 } },
      userRetries: 1,
      parent: { name: "square-4", attempt: 1 },
      root: { name: "square-4" },
    });
    expect(child && podsOf(box, child)).toHaveLength(2);
    expect(box.standing).toBe("Running AttemptRunning");
    expect(box.status).toMatchObject({ instanceType: "standard", attemptCount: 1 });
  });

  test("that nobody awaits goes on when its parent ends, and its failure is nobody's (S117)", async () => {
    const ends: PodLife = starts([call(1, "late", { retry: { maxRetries: 0 } })], ...lives.succeedsAtOnce.slice(1));
    const { box } = await given([ends], { late: [[{ afterMs: 60_000, does: "start" }, ...lives.throws]] });

    await box.untilFinished();
    const whenItsParentEnded = childrenOf(box)[0]?.status?.phase;
    await box.until(() => childrenOf(box)[0]?.status?.phase === "Failed");

    expect(whenItsParentEnded).toBe("Pending");
    expect(box.standing).toBe("Succeeded Completed");
  });

  test("of an earlier attempt is neither canceled nor used again (S119)", async () => {
    const again = starts([call(1, "lasts")], { afterMs: 1000, does: "exit", code: 3 });
    const { box } = await given([again, starts([call(1, "lasts")])], { lasts: [lives.lasts] });

    await box.until(() => childrenOf(box).length === 2);
    await box.until(() => childrenOf(box).every(({ status }) => status?.phase === "Running"));

    expect(childrenOf(box).map(({ status }) => status?.parent?.attempt)).toEqual([1, 2]);
  });

  test("between two attempts is still running for its parent (S126)", async () => {
    const retry = { maxRetries: 1, waitDurationMs: 60_000 };
    const { box, operator } = await given([starts([call(1, "flaky", { retry })])], { flaky: [lives.throws] });
    await box.until(() => childrenOf(box)[0]?.status?.nextRetryAt !== undefined);

    const { metadata, spec } = box.podOf(1) ?? {};
    const pod = {
      namespace,
      podName: metadata?.name ?? "",
      podUid: metadata?.uid ?? "",
      nodeName: spec?.nodeName ?? "",
    };
    const never = new AbortController().signal;
    const awaiting = childrenOf(box).map(({ metadata: { name } }) => name);
    const news = await awaitEvents(pod, { awaiting, waitMs: 0 }, operator.gateway, { left: never, closing: never });

    expect(news.outcomes).toEqual([]);
  });
});

test("a run that was replaced under its key is not done again: it stays as it ended (S118)", async () => {
  const { box } = await aBox({ lives: [lives.fails] });
  const parent = await box.apply({}, "parent");
  const annotated = (ordinal: number) => ({ "stint.dev/key": "k", "stint.dev/ordinal": String(ordinal) });
  for (const [index, name] of ["first", "second"].entries()) {
    await box.apply({}, name, parent);
    const annotations = annotated(index + 1);
    box.hand.edit(taskRuns, { namespace, name }, (run) => ({ ...run, metadata: { ...run.metadata, annotations } }));
    await box.untilFinished(name);
  }

  for (const name of ["first", "second"]) box.edit({ rerun: { generation: 1 } }, name);
  await box.until(() => box.statusOf("second").attemptCount === 2);

  expect(box.statusOf("first")).toMatchObject({ phase: "Failed", attemptCount: 1, rerunGeneration: 1 });
  expect(box.events).toContain("RerunRefused");
});
