// The built runner, as a process, against a gateway on a real socket.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { buildRunner } from "../build.ts";
import { anAssignment, anOutcome } from "./builders.ts";
import { anAuthority } from "./fakes/certificates.ts";
import { anEntry, logLines, RunnerProcess, type RunnerOptions } from "./fakes/runner-process.ts";
import { StubGateway } from "./fakes/stub-gateway.ts";

const authority = anAuthority();
const taken = { status: 204 } as const;

let directory: string;
let runner: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "stint-built-"));
  runner = join(directory, "runner.cjs");
  await buildRunner(runner);
});

afterAll(() => rm(directory, { recursive: true }));

/** A gateway with an assignment that takes every report. */
async function aGateway(assignment: Parameters<typeof anAssignment>[0] = {}): Promise<StubGateway> {
  const gateway = await StubGateway.start({ authority });
  return gateway.on("GET assignment", { status: 200, body: anAssignment(assignment) }).on("POST report", taken);
}

function start(gateway: StubGateway, entry: string, options: Partial<RunnerOptions> = {}): Promise<RunnerProcess> {
  return RunnerProcess.start({ runner, target: gateway.target, files: { "entry.mjs": entry }, ...options });
}

const reportsTo = (gateway: StubGateway) => gateway.to("POST report").map(({ body }) => body);

test("a run that succeeds is reported with its value, and the process exits 0", async () => {
  await using gateway = await aGateway({ input: [4] });
  await using process = await start(gateway, anEntry(`console.log("hello"); return input[0] ** 2;`));

  const exit = await process.exit;

  expect(exit).toMatchObject({ code: 0, stderr: "" });
  expect(reportsTo(gateway)).toEqual([{ kind: "succeeded", value: 16, startedAt: expect.any(String) }]);
  expect(gateway.received.map(({ authorization }) => authorization)).toEqual(["Bearer the-token", "Bearer the-token"]);
});

test("start, end and final state are a JSON line each, and the user's output is untouched (S143)", async () => {
  await using gateway = await aGateway({ tags: ["nightly"] });
  await using process = await start(gateway, anEntry(`console.log("hello"); return 1;`));

  const exit = await process.exit;

  const common = { level: "info", run: "square-4", attempt: 1, task: "math/square", tags: ["nightly"] };
  expect(exit.stdout.split("\n")).toContain("hello");
  expect(logLines(exit)).toEqual([
    { ...common, msg: "attempt started" },
    { ...common, msg: "attempt ended", state: "succeeded" },
    { ...common, msg: "report acknowledged", state: "succeeded" },
  ]);
});

test("with logPrints what the code prints is a record, from its import on, and what it writes is not (S144)", async () => {
  await using gateway = await aGateway({ logPrints: true });
  const body = `
    console.info("found", { n: 4 }); console.warn("odd"); console.error(new Error("bad").message); console.debug("plain");
    process.stdout.write("plain too\\n");
    return 1;`;
  await using process = await start(gateway, anEntry(body, `console.log("%s of %d", "square", 4);`));

  const exit = await process.exit;

  const common = { run: "square-4", attempt: 1, task: "math/square", tags: [] };
  expect(logLines(exit).slice(1, -2)).toEqual([
    { ...common, level: "info", msg: "square of 4" },
    { ...common, level: "info", msg: "found { n: 4 }" },
    { ...common, level: "warn", msg: "odd" },
    { ...common, level: "error", msg: "bad" },
  ]);
  expect(exit.stdout).toContain("plain\n");
  expect(exit.stdout).toContain("plain too\n");
});

test("the task's own records stand among the runner's lines, and all carry the trace id (S143, S151)", async () => {
  await using gateway = await aGateway();
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const env = { TRACEPARENT: `00-${traceId}-00f067aa0ba902b7-01` };
  await using process = await start(gateway, anEntry(`host.log("debug", "looked", { n: 4 }); return 1;`), { env });

  const lines = logLines(await process.exit);

  const common = { run: "square-4", attempt: 1, task: "math/square", tags: [], traceId };
  expect(lines).toContainEqual({ ...common, level: "debug", msg: "looked", n: 4 });
  expect(lines.every((line) => (line as { traceId?: string }).traceId === traceId)).toBe(true);
  expect(lines).toHaveLength(4);
});

test("a run that throws is reported as a failure, and the process exits 1", async () => {
  await using gateway = await aGateway();
  await using process = await start(gateway, anEntry(`throw new RangeError("too far");`));

  await expect(process.exit).resolves.toMatchObject({ code: 1 });
  expect(reportsTo(gateway)).toMatchObject([
    { reason: "TaskError", error: { name: "RangeError", message: "too far" } },
  ]);
});

test("an entry point that does not import fails the attempt (S75)", async () => {
  await using gateway = await aGateway();
  await using process = await start(gateway, `throw new TypeError("no config");`);

  await expect(process.exit).resolves.toMatchObject({ code: 1 });
  expect(reportsTo(gateway)).toMatchObject([
    { reason: "TaskError", error: { name: "TypeError", message: "no config" } },
  ]);
});

test.each([
  { given: "an unhandled rejection", statement: `void Promise.reject(new RangeError("unheard"));` },
  { given: "an exception in a timer", statement: `setTimeout(() => { throw new RangeError("unheard"); });` },
])("$given beside the function is reported as its failure", async ({ statement }) => {
  await using gateway = await aGateway();
  await using process = await start(gateway, anEntry(`${statement} await new Promise(() => {});`));

  await expect(process.exit).resolves.toMatchObject({ code: 1 });
  expect(reportsTo(gateway)).toMatchObject([
    { reason: "TaskError", error: { name: "RangeError", message: "unheard" } },
  ]);
});

test("what the user's code leaves open or puts in our place does not keep the process", async () => {
  await using gateway = await aGateway();
  const around = `setInterval(() => {}, 1000); process.exit = () => {}; process.stdout.write = () => true;`;
  await using process = await start(gateway, anEntry(`return 1;`, around));

  await expect(process.exit).resolves.toMatchObject({ code: 0 });
});

test("a process that the user's code ends sends no report (S76)", async () => {
  await using gateway = await aGateway();
  await using process = await start(gateway, anEntry(`process.exit(0);`));

  await expect(process.exit).resolves.toMatchObject({ code: 0 });
  expect(reportsTo(gateway)).toEqual([]);
});

test("a function that ignores its timeout is reported as TimedOut (S68)", async () => {
  await using gateway = await aGateway({ timeoutSeconds: 1, gracePeriodSeconds: 0 });
  await using process = await start(gateway, anEntry(`await new Promise(() => {});`));

  await expect(process.exit).resolves.toMatchObject({ code: 1 });
  expect(reportsTo(gateway)).toMatchObject([
    { reason: "TimedOut", error: { message: "attempt exceeded its timeout of 1 second(s)" } },
  ]);
});

test("children start in one request, and their outcomes come by a poll on a connection of its own", async () => {
  await using gateway = await aGateway();
  gateway
    .on("POST children", {
      status: 200,
      body: { children: [1, 2].map((n) => ({ sequence: n, name: `c${n}`, uid: "u" })) },
    })
    .on("POST events", { status: 200, body: { since: "1", outcomes: [anOutcome("c1"), anOutcome("c2")] } });
  const body = `
    const call = async (sequence) =>
      host.outcomeOf(await host.startChild({ sequence, task: { name: "square" }, input: [] }));
    return (await Promise.all([call(1), call(2)])).map(({ result }) => result);`;
  await using process = await start(gateway, anEntry(body));

  await process.exit;

  expect(reportsTo(gateway)).toMatchObject([{ kind: "succeeded", value: [16, 16] }]);
  expect(gateway.to("POST children")).toHaveLength(1);
  expect(gateway.to("POST events").map(({ body }) => body)).toEqual([{ awaiting: ["c1", "c2"], waitMs: 30_000 }]);
  const connections = new Map(gateway.received.map(({ call, connection }) => [call, connection]));
  expect(connections.get("POST report")).toBe(connections.get("GET assignment"));
  expect(connections.get("POST events")).not.toBe(connections.get("GET assignment"));
});

test("at SIGTERM the function learns why, and a report that is not taken any more ends the process (S169, S164)", async () => {
  await using gateway = await aGateway();
  gateway
    .on("POST progress", taken)
    .on("POST events", {
      status: 200,
      body: { since: "1", outcomes: [], stop: { reason: "Canceled", message: "the run is being canceled" } },
    })
    .on("POST report", { status: 409, body: { code: "NotCurrent", message: "the attempt is over" } });
  const body = `
    host.progress({ displayName: "waiting" });
    await new Promise((_, reject) => host.signal.addEventListener("abort", () => reject(host.signal.reason)));`;
  await using process = await start(gateway, anEntry(body));
  await gateway.arrived("POST progress");

  process.kill("SIGTERM");

  await expect(process.exit).resolves.toMatchObject({ code: 1 });
  expect(gateway.to("POST events").map(({ body }) => body)).toEqual([{ awaiting: [], waitMs: 0 }]);
  expect(reportsTo(gateway)).toMatchObject([{ error: { name: "CanceledStop", message: "the run is being canceled" } }]);
});

test("at SIGTERM an undelivered report is left for the kubelet, and the gateway is tried until the kill (S53)", async () => {
  await using gateway = await aGateway();
  gateway.on("POST report", "silence").on("POST events", "silence");
  await using process = await start(gateway, anEntry(`return 16;`));
  await gateway.arrived("POST report");

  process.kill("SIGTERM");
  await gateway.arrived("POST events");
  process.kill("SIGKILL");

  await expect(process.exit).resolves.toMatchObject({ signal: "SIGKILL" });
  await expect(process.terminationMessage()).resolves.toMatchObject({ kind: "report", report: { value: 16 } });
});

test("a SIGTERM before there is an assignment ends the process", async () => {
  await using gateway = await StubGateway.start({ authority });
  gateway.on("GET assignment", "silence");
  await using process = await start(gateway, anEntry(`return 16;`));
  await gateway.arrived("GET assignment");

  process.kill("SIGTERM");

  await expect(process.exit).resolves.toMatchObject({ code: 143, stderr: "" });
});

test.each([
  {
    given: "a report that fits",
    body: `return 16;`,
    call: "POST report",
    message: { kind: "report", report: { value: 16 } },
  },
  {
    given: "a report that is too large",
    body: `return "x".repeat(8192);`,
    call: "POST report",
    message: { kind: "lost", call: "POST report" },
  },
  { given: "no report", body: ``, call: "GET assignment", message: { kind: "lost", call: "GET assignment" } },
])(
  "with $given and no gateway that answers, the process leaves word and exits (S53)",
  async ({ body, call, message }) => {
    await using gateway = await aGateway();
    gateway.on(call, "cut");
    await using process = await start(gateway, anEntry(body), { hastened: true });

    await expect(process.exit).resolves.toMatchObject({ code: 1 });
    expect(gateway.to(call)).toHaveLength(25);
    await expect(process.terminationMessage()).resolves.toMatchObject(message);
  },
);

test("a pod whose attempt is over runs no line of the user's code, and leaves no message", async () => {
  await using gateway = await aGateway();
  gateway.on("GET assignment", { status: 409, body: { code: "NotCurrent", message: "attempt 1 is over" } });
  await using process = await start(gateway, `console.log("imported");`);

  const exit = await process.exit;

  expect(exit.code).toBe(1);
  expect(exit.stdout).not.toContain("imported");
  await expect(process.terminationMessage()).resolves.toBeUndefined();
});

test("registration posts the list of tasks (S12)", async () => {
  await using gateway = await StubGateway.start({ authority });
  gateway.on("POST tasks", taken);
  await using process = await start(gateway, anEntry(""), { mode: "register" });

  await expect(process.exit).resolves.toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect(gateway.received).toMatchObject([{ call: "POST tasks", body: { tasks: [{ name: "square" }] } }]);
});

test("an entry point that imports no SDK registers an empty list", async () => {
  await using gateway = await StubGateway.start({ authority });
  gateway.on("POST tasks", taken);
  await using process = await start(gateway, "export {};", { mode: "register" });

  await expect(process.exit).resolves.toMatchObject({ code: 0 });
  expect(gateway.received).toMatchObject([{ call: "POST tasks", body: { tasks: [] } }]);
});

test("an entry point that does not import registers nothing, and Node prints where it is wrong", async () => {
  await using gateway = await StubGateway.start({ authority });
  await using process = await start(gateway, "const broken = ;", { mode: "register" });

  const exit = await process.exit;

  expect(exit).toMatchObject({ code: 1, stderr: expect.stringContaining("entry.mjs:1\nconst broken = ;") });
  expect(gateway.received).toEqual([]);
});

test("a registration that fails ends, whatever the entry point listens to or leaves open", async () => {
  await using gateway = await StubGateway.start({ authority });
  const entry = `
    process.on("uncaughtException", () => {}).on("unhandledRejection", () => {});
    setInterval(() => {}, 1000);
    throw new Error("no config");`;
  await using process = await start(gateway, entry, { mode: "register" });

  await expect(process.exit).resolves.toMatchObject({ code: 1, stderr: expect.stringContaining("no config") });
});

test("without STINT_ENTRYPOINT the package's main is imported (S11)", async () => {
  await using gateway = await aGateway();
  const files = { "package.json": `{ "type": "module", "main": "tasks.js" }`, "tasks.js": anEntry("return 16;") };
  await using process = await start(gateway, "", { files });

  await expect(process.exit).resolves.toMatchObject({ code: 0 });
});

test("an unknown mode ends the process with 2 (S11)", async () => {
  await using gateway = await StubGateway.start({ authority });
  await using process = await start(gateway, "", { mode: "walk" });

  await expect(process.exit).resolves.toMatchObject({ code: 2, stderr: 'Unknown STINT_MODE "walk"\n' });
});
