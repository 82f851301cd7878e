// examples/nightly-report: a delayed start, children whose failure is allowed, and a hook for the failure that is not.
import type { TaskRun } from "@stint/crds/taskrun";
import { beforeAll, expect } from "vitest";

import {
  childrenOf,
  eventually,
  finished,
  getRun,
  kubectl,
  messageOf,
  reason,
  reasonOf,
  runToEnd,
} from "../e2e/kit/cluster.ts";
import { scenario } from "../e2e/kit/scenario.ts";
import { prepareExample, type } from "./kit/example.ts";

const twoRegions = JSON.stringify(["2027-01-01", ["north", "south"]]);

beforeAll(() => prepareExample("nightly-report"));

scenario("nightly-report: it starts when it is time, and not before (S21, S73)", ["tonight"], async () => {
  const startAt = new Date(1000 * Math.ceil(Date.now() / 1000 + 3)).toISOString(); // a kubelet tells whole seconds

  await type("run", "nightly-report/report", "--input", twoRegions, "--name", "tonight", "--start-at", startAt);
  const run = await finished("tonight");

  expect(run.status).toMatchObject({
    phase: "Succeeded",
    displayName: "report of 2027-01-01",
    result: { day: "2027-01-01", revenue: 260, missing: 0 },
  });
  expect(Date.parse(run.status?.startedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(startAt));
});

const delayed = ["later"];
scenario("nightly-report: until then it has no pod, and its tag finds it (S18, S73, S162)", delayed, async () => {
  const options = ["--name", "later", "--start-at", "2999-01-01T02:00:00Z", "--tag", "nightly"];

  await type("run", "nightly-report/report", "--input", twoRegions, ...options);
  await reason("later", "Delayed");
  const waiting = await getRun("later");
  const found = await kubectl(["get", "taskruns", "-l", "tag.stint.dev/nightly", "-o", "name"]);
  await type("cancel", "later");
  const run = await finished("later");

  expect(waiting.status?.phase).toBe("Pending");
  expect(found).toBe("taskrun.stint.dev/later\n");
  expect(run.status?.phase).toBe("Canceled");
  expect(run.status?.attempts ?? []).toEqual([]);
});

scenario(
  "nightly-report: a region that failed is missing, and no more (S21, S130, S133)",
  ["one-missing"],
  async () => {
    const run = await runToEnd("one-missing", {
      task: "nightly-report/report",
      input: ["2027-01-02", ["north", "atlantis", "east"]],
    });
    const children = await childrenOf("one-missing");

    expect(run.status).toMatchObject({
      phase: "Succeeded",
      result: { day: "2027-01-02", revenue: 200, missing: 1 },
    });
    expect(children.map(({ status }) => `${status?.displayName}: ${status?.phase}`).toSorted()).toEqual([
      "atlantis on 2027-01-02: Failed",
      "east on 2027-01-02: Succeeded",
      "north on 2027-01-02: Succeeded",
      "summary: Succeeded",
    ]);
    expect(await runsOf("alert", "one-missing")).toEqual([]);
  },
);

scenario(
  "nightly-report: a report without any region is told of by a run of its own (S105, S106)",
  ["all-missing"],
  async () => {
    const run = await runToEnd("all-missing", { task: "nightly-report/report", input: ["2027-01-03", ["atlantis"]] });
    const alert = await eventually("the alert's end", async () => {
      const [first] = await runsOf("alert", "all-missing");
      return first?.status?.phase === "Succeeded" ? first : undefined;
    });

    expect(run.status).toMatchObject({ phase: "Failed", attemptCount: 1 });
    expect(reasonOf(run)).toBe("TaskError");
    expect(messageOf(run)).toMatch(
      /^failed after 1 attempt\(s\): Task run \S+ \(nightly-report\/summary\) failed: NonRetryableError: failed after 1 attempt\(s\): no region has reported on 2027-01-03$/,
    );
    expect(alert.status?.result).toBe(`nightly-report/report all-missing: ${messageOf(run)}`);
    expect(alert.status?.parent).toBeUndefined();
    expect(await runsOf("alert", "all-missing")).toHaveLength(1);
  },
);

/** The runs of a task that is a hook, for one run. */
async function runsOf(task: string, about: string): Promise<TaskRun[]> {
  const { items } = JSON.parse(await kubectl(["get", "taskruns", "-o", "json"])) as {
    readonly items: readonly TaskRun[];
  };
  return items.filter(
    ({ spec }) =>
      spec.task.startsWith(`nightly-report/${task}`) && JSON.stringify(spec.input).includes(`"run":"${about}"`),
  );
}
