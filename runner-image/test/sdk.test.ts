// The runner and the SDK as the image holds them. There is no client library anywhere, as there is none in the image.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { buildRunner, buildSdk } from "../build.ts";
import { anAssignment, anOutcome } from "./builders.ts";
import { anAuthority } from "./fakes/certificates.ts";
import { logLines, RunnerProcess } from "./fakes/runner-process.ts";
import { StubGateway } from "./fakes/stub-gateway.ts";

const authority = anAuthority();
const taken = { status: 204 } as const;

const entry = `
  import { currentContext, task, TimeoutError } from "@stint/sdk";
  export const square = task("square", (n) => n * n);
  export const sum = task("sum", async (a, b) => (await Promise.all([square(a), square(b)])).reduce((x, y) => x + y));
  export const broken = task("broken", () => { throw new RangeError("m".repeat(5000)); });
  export const count = task("count", function* (to) { for (let n = 1; n <= to; n++) yield n; });
  export const total = task("total", async (to) => {
    let sum = 0;
    for await (const n of count(to)) sum = sum * 10 + n;
    return sum;
  });
  const told = (when) => (task, run, { phase, reason }) => console.log(when, task, run, phase, reason);
  const hooks = { onRunning: told("running"), onCompletion: told("completion"), onFailure: told("failure") };
  export const hooked = task("hooked", { ...hooks, retryIf: () => false }, (n) => {
    console.log("function");
    if (n < 0) throw new RangeError("below zero");
    return n;
  });
  export const patient = task("patient", () => new Promise((_, reject) => {
    const { signal } = currentContext();
    signal.addEventListener("abort", () => console.log("is a TimeoutError:", signal.reason instanceof TimeoutError));
  }));`;

let root: string;
let runner: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "stint-image-"));
  runner = join(root, "runner.cjs");
  await Promise.all([buildRunner(runner), buildSdk(join(root, "node_modules/@stint/sdk"))]);
});

afterAll(() => rm(root, { recursive: true }));

async function start(gateway: StubGateway, mode = "run", code = entry): Promise<RunnerProcess> {
  gateway.on("POST report", taken).on("POST tasks", taken);
  return RunnerProcess.start({ runner, target: gateway.target, mode, files: { "entry.mjs": code } });
}

test("a bundle below the image's folder finds the SDK, and its tasks are registered (S11, S12)", async () => {
  await using gateway = await StubGateway.start({ authority });
  await using process = await start(gateway, "register");

  await expect(process.exit).resolves.toMatchObject({ code: 0, stderr: "" });
  const more = [{ name: "count" }, { name: "total" }, { name: "hooked" }, { name: "patient" }];
  expect(gateway.to("POST tasks")).toMatchObject([
    { body: { tasks: [{ name: "square" }, { name: "sum" }, { name: "broken" }, ...more] } },
  ]);
});

test("a task can be run locally there, before any attempt (S112)", async () => {
  await using gateway = await StubGateway.start({ authority });
  const code = `
    import { currentContext, task } from "@stint/sdk";
    const where = task("where", { inputSchema: { type: "array" } }, () => currentContext().runId);
    console.log("ran:", where.local());`;
  await using process = await start(gateway, "register", code);

  await expect(process.exit).resolves.toMatchObject({ code: 0, stderr: "", stdout: "ran: local\n" });
});

test("a task that calls tasks starts them together, awaits them, and succeeds (S107, S114)", async () => {
  await using gateway = await StubGateway.start({ authority });
  gateway
    .on("GET assignment", { status: 200, body: anAssignment({ task: "sum", input: [3, 4] }) })
    .on("POST children", {
      status: 200,
      body: { children: [1, 2].map((sequence) => ({ sequence, name: `c${sequence}`, uid: "u" })) },
    })
    .on("POST events", {
      status: 200,
      body: { since: "1", outcomes: [{ ...anOutcome("c1"), result: 9 }, anOutcome("c2")] },
    });
  await using process = await start(gateway);

  await expect(process.exit).resolves.toMatchObject({ code: 0, stderr: "" });
  expect(gateway.to("POST children")).toHaveLength(1);
  expect(gateway.to("POST report")).toMatchObject([{ body: { kind: "succeeded", value: 25 } }]);
});

test("a generator that is read sends its values, and all of them before its report (S24)", async () => {
  await using gateway = await StubGateway.start({ authority });
  gateway
    .on("GET assignment", { status: 200, body: anAssignment({ task: "count", input: [3], parent: "p", isRead: true }) })
    .on("POST values", { status: 200, body: {} });
  await using process = await start(gateway);

  await expect(process.exit).resolves.toMatchObject({ code: 0, stderr: "" });
  expect(gateway.to("POST values").at(-1)).toMatchObject({ body: { chunk: 0, values: [1, 2, 3], sealed: false } });
  expect(gateway.received.at(-1)).toMatchObject({ call: "POST report", body: { kind: "succeeded", value: [1, 2, 3] } });
});

test("a task that reads a child has its values as they come, across attempts (S24)", async () => {
  const name = "c1";
  const at = (attempt: number, value: number) => ({ attempt, chunk: 0, value });
  const news = [
    { name, after: at(0, 0), values: [1], next: at(1, 1) },
    { name, after: at(1, 1), values: [1, 2], next: at(2, 2) },
    { name, after: at(2, 2), outcome: { ...anOutcome(name), attempts: 2, result: [1, 2, 3] } },
  ];
  await using gateway = await StubGateway.start({ authority });
  gateway
    .on("GET assignment", { status: 200, body: anAssignment({ task: "total", input: [3] }) })
    .on("POST children", { status: 200, body: { children: [{ sequence: 1, name, uid: "u" }] } })
    .on("POST events", (_, nth) => ({
      status: 200,
      body: { since: String(nth), outcomes: [], streams: news.slice(nth - 1, nth) },
    }));
  await using process = await start(gateway);

  await expect(process.exit).resolves.toMatchObject({ code: 0, stderr: "" });
  expect(gateway.to("POST events").map(({ body }) => body)).toMatchObject(
    news.map(({ after }) => ({ awaiting: [], streams: [{ name, after }] })),
  );
  expect(gateway.to("POST report")).toMatchObject([{ body: { kind: "succeeded", value: 1123 } }]);
});

test("what a task throws is in the log whole, and in the report cut (S77)", async () => {
  await using gateway = await StubGateway.start({ authority });
  gateway.on("GET assignment", { status: 200, body: anAssignment({ task: "broken", input: [] }) });
  await using process = await start(gateway);

  const exit = await process.exit;

  expect(logLines(exit)).toContainEqual(
    expect.objectContaining({ level: "error", error: expect.objectContaining({ message: "m".repeat(5_000) }) }),
  );
  expect(gateway.to("POST report")).toMatchObject([{ body: { error: { message: "m".repeat(4_096) } } }]);
});

test("a task that outlasts its timeout learns it by the SDK's own class (S68, S169)", async () => {
  await using gateway = await StubGateway.start({ authority });
  const bounds = { timeoutSeconds: 1, gracePeriodSeconds: 0 };
  gateway.on("GET assignment", { status: 200, body: anAssignment({ task: "patient", input: [], ...bounds }) });
  await using process = await start(gateway);

  const { stdout } = await process.exit;

  expect(stdout).toContain("is a TimeoutError: true");
  expect(gateway.to("POST report")).toMatchObject([{ body: { reason: "TimedOut" } }]);
});

test.each([
  { input: 1, phase: "Succeeded", last: "completion math/hooked square-4 Succeeded Because" },
  { input: -1, phase: "Failed", last: "failure math/hooked square-4 Failed Because" },
])(
  "hooks are called before the function, and once the end of a run that has $phase is acknowledged (S104)",
  async (row) => {
    await using gateway = await StubGateway.start({ authority });
    gateway.on("GET assignment", { status: 200, body: anAssignment({ task: "hooked", input: [row.input] }) });
    await using process = await start(gateway);
    const end = { phase: row.phase, reason: "Because", message: "", attempts: 1 };
    gateway.on("POST report", { status: 200, body: { accepted: true, ended: end } });

    const { stdout } = await process.exit;

    const lines = stdout.split("\n").filter((line) => line !== "");
    const acknowledged = lines.findIndex((line) => line.includes("report acknowledged"));
    const printed = lines.filter((line) => !line.startsWith("{"));
    expect(printed).toEqual(["running math/hooked square-4 Running AttemptRunning", "function", row.last]);
    expect(lines.indexOf(row.last)).toBeGreaterThan(acknowledged);
  },
);

test("as long as another attempt follows no hook of the end is called, and a retryIf is heard (S93, S105)", async () => {
  await using gateway = await StubGateway.start({ authority });
  gateway.on("GET assignment", { status: 200, body: anAssignment({ task: "hooked", input: [-1] }) });
  await using process = await start(gateway);

  const { stdout } = await process.exit;

  expect(gateway.to("POST report")).toMatchObject([{ body: { reason: "TaskError", retryDenied: true } }]);
  expect(stdout).not.toContain("failure");
});
