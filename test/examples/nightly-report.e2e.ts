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

beforeAll(() => prepareExample("nightly-report"));

scenario("nightly-report: it starts when it is time, and is found by its tag (S18, S73)", ["tonight"], async () => {
  const startAt = new Date(1000 * Math.ceil(Date.now() / 1000 + 5)).toISOString(); // a kubelet tells whole seconds
  const input = JSON.stringify(["2027-01-01", ["north", "south"]]);
  const options = ["--name", "tonight", "--start-at", startAt, "--tag", "nightly"];
  await type("run", "nightly-report/report", "--input", input, ...options);
  await reason("tonight", "Delayed");
  const waiting = await getRun("tonight");
  const run = await finished("tonight");

  expect(waiting.status).toMatchObject({ phase: "Pending" });
  expect(waiting.status?.attempts ?? []).toEqual([]);
  expect(run.status).toMatchObject({
    phase: "Succeeded",
    displayName: "report of 2027-01-01",
    result: { day: "2027-01-01", revenue: 260, missing: 0 },
  });
  expect(Date.parse(run.status?.startedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(startAt));
  expect(await kubectl(["get", "taskruns", "-l", "tag.stint.dev/nightly", "-o", "name"])).toBe(
    "taskrun.stint.dev/tonight\n",
  );
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
