// examples/tilebox: a job that hands its subtasks over, and goes on after a correction.
import type { TaskRun } from "@stint/crds/taskrun";
import { beforeAll, expect } from "vitest";

import { childrenOf, eventually, getRun, messageOf, reasonOf, runToEnd } from "../e2e/kit/cluster.ts";
import { scenario } from "../e2e/kit/scenario.ts";
import { deploy, prepareExample, type } from "./kit/example.ts";
import { WebServer } from "./kit/web-server.ts";

const archive: Readonly<Record<string, Uint8Array>> = {
  "/S2A": Uint8Array.of(10, 20, 30),
  "/S2B": Uint8Array.of(40, 255, 60),
};

beforeAll(() => prepareExample("tilebox"));

scenario(
  "tilebox: subtasks run in order, each on its size, after the job has returned (S134, S136, S138, S149)",
  ["job"],
  async () => {
    await using served = await WebServer.start(({ path }) => ({ status: 200, body: archive[path] }));

    const run = await runToEnd("job", { task: "tilebox/job", input: [["S2A", "S2B"], served.url] });
    const subtasks = await childrenOf("job");

    expect(run.status).toMatchObject({ phase: "Succeeded", result: null, attemptCount: 1 });
    expect(subtasks.map(inWords).toSorted()).toEqual([
      "download on starter: Succeeded",
      "download on starter: Succeeded",
      "process on pro: Succeeded",
      "process on pro: Succeeded",
      "publish on starter: Succeeded",
    ]);
    // What is published last has found what was measured, and that what was downloaded before.
    expect(resultOf(subtasks, "publish")).toEqual({ S2A: 20, S2B: 50 });
  },
);

scenario(
  "tilebox: a job goes on where it stood once its fault is corrected (S139, S171, S172)",
  ["faulty"],
  async () => {
    const asked: string[] = [];
    await using served = await WebServer.start(({ path }) => {
      asked.push(path);
      return { status: 200, body: archive[path] };
    });
    await deploy("tilebox", "tasks-with-a-fault.ts", "tilebox-faulty");

    const failed = await runToEnd("faulty", { task: "tilebox-faulty/job", input: [["S2A", "S2B"], served.url] });
    const before = await eventually("the end of every subtask", async () => {
      const subtasks = await childrenOf("faulty");
      return subtasks.every(({ status }) => status?.finishedAt !== undefined) ? subtasks : undefined;
    });
    await deploy("tilebox", "tasks.ts", "tilebox-faulty");
    const printed = await type("retry", "faulty", "--latest");
    const run = await eventually("the end of the rerun", async () => {
      const now = await getRun("faulty");
      return now.status?.rerunGeneration === 1 && now.status.phase === "Succeeded" ? now : undefined;
    });
    const after = await childrenOf("faulty");

    expect(reasonOf(failed)).toBe("SubtaskFailed");
    expect(failed.status?.phase).toBe("Failed");
    const broken = subtasksOf(before, "process").filter(({ status }) => status?.phase === "Failed");
    expect(broken.map(messageOf)).toEqual(["failed after 1 attempt(s): there is a cloud"]);
    expect(subtasksOf(before, "publish").map(reasonOf)).toEqual(["TreeFailed"]);
    const unfinished = before.filter(({ status }) => status?.phase !== "Succeeded");
    expect(printed).toBe(`${1 + unfinished.length} run(s) rescheduled`);
    expect(run.status?.attemptCount).toBe(1);
    expect(subtasksOf(after, "download").map(({ status }) => status?.revision)).toEqual([1, 1]);
    expect(subtasksOf(after, "publish").map(({ status }) => status?.revision)).toEqual([2]);
    expect(after).toHaveLength(5);
    expect(resultOf(after, "publish")).toEqual({ S2A: 20, S2B: 50 });
    expect(asked.toSorted()).toEqual(["/S2A", "/S2B"]); // what had been downloaded is kept
  },
);

function inWords({ spec, status }: TaskRun): string {
  return `${taskOf(spec.task)} on ${status?.instanceType}: ${status?.phase}`;
}

function taskOf(reference: string): string {
  return reference.replace(/^[^/]+\/|:\d+$/g, "");
}

function subtasksOf(runs: readonly TaskRun[], task: string): TaskRun[] {
  return runs.filter(({ spec }) => taskOf(spec.task) === task);
}

function resultOf(runs: readonly TaskRun[], task: string): unknown {
  return subtasksOf(runs, task)[0]?.status?.result;
}
