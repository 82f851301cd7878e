// `make bench-dev`: how quick `stint dev` is on this machine, beside the same functions as bare processes of Node. Everything
// is measured in this run; the aims stand beside the figures, and nothing but a wrong result makes it fail.
import { fork } from "node:child_process";
import { once } from "node:events";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";

import { taskRef } from "@stint/sdk";

import { descendantsOf, processField } from "../../cli/test/dev/kit/processes.ts";
import { type DevProcess, Project } from "../../cli/test/dev/kit/project.ts";
import { say } from "../shell.ts";
import { quantile } from "./figures.ts";

const starts = 5;
const inTurn = 30;
const atOnce = 200;
const children = 1000;

const tasks = `
import { task } from "@stint/sdk";
const small = { instanceType: "starter" };
export const square = task("square", small, (n: number) => n * n);
export const fan = task("fan", { ...small, timeoutSeconds: 3600 }, async (count: number) => {
  const squares = await Promise.all(Array.from({ length: count }, (_, n) => square(n)));
  return squares.reduce((sum, each) => sum + each, 0);
});
`;

const square = taskRef<[number], number>("bench/square");
const fan = taskRef<[number], number>("bench/fan");

const project = await Project.open(tasks);
try {
  await bench(project);
} finally {
  await project[Symbol.asyncDispose]();
}

async function bench(project: Project): Promise<void> {
  say(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "CPU"}, load ${loadavg()[0]?.toFixed(1)}\n`);
  row("measure", "figure", "aim");
  const ready = await readyMs(project);
  row("stint dev: ready, median", seconds(quantile(ready, 0.5)), "2 s");

  const server = project.dev({ args: ["--bundle", "bench", "--quiet"] });
  await server.line(/revision 1 is Ready/);
  process.env["HOME"] = join(project.directory, "home"); // where the SDK looks for the token
  process.env["STINT_LOCAL_DEV"] = "1";
  process.env["STINT_LOCAL_DEV_URL"] = await server.url;

  await timed(() => runSquares(1)); // the client is loaded, the first attempt's files are read
  const single: number[] = [];
  for (let n = 0; n < inTurn; n++) single.push(await timed(() => runSquares(1)));
  row("one run, start to result: median", millis(quantile(single, 0.5)), "300 ms");
  row(`one run, start to result: p99 of ${inTurn}`, millis(quantile(single, 0.99)));
  row("  the same as a bare process: median", millis(quantile(await bareInTurn(project), 0.5)));
  row("memory (RSS): devcluster and CLI, operator", memoryOf(server));

  const together = await timed(() => runSquares(atOnce));
  row(`${atOnce} runs at once`, `${seconds(together)}, ${((atOnce / together) * 1000).toFixed(1)} runs/s`);
  const bare = await timed(() => forkSquares(project, atOnce));
  row("  the same as bare processes", `${seconds(bare)}, ${((atOnce / bare) * 1000).toFixed(1)} runs/s`);

  const wide = await timed(() => runFan(children));
  row(`${children} children of one run`, `${seconds(wide)}, ${((children / wide) * 1000).toFixed(1)} runs/s`);
  row("memory (RSS): devcluster and CLI, operator", memoryOf(server));
  const stop = await timed(() => server.stop());
  row("Ctrl-C to the end", millis(stop));
}

/** From the command to the line that says so, several times. */
async function readyMs(project: Project): Promise<readonly number[]> {
  const figures: number[] = [];
  for (let n = 0; n < starts; n++) {
    let server: DevProcess | undefined;
    figures.push(
      await timed(async () => {
        server = project.dev();
        await server.url;
      }),
    );
    await server?.stop();
  }
  return figures;
}

async function runSquares(count: number): Promise<void> {
  const runs = Array.from({ length: count }, async (_, n) => (await square.trigger([n])).result());
  expectSquares(await Promise.all(runs));
}

async function runFan(count: number): Promise<void> {
  const result = await (await fan.trigger([count])).result();
  const expected = ((count - 1) * count * (2 * count - 1)) / 6;
  if (result !== expected) throw new Error(`${count} children: got ${result}, expected ${expected}`);
}

function expectSquares(results: readonly number[]): void {
  const wrong = results.findIndex((result, n) => result !== n * n);
  if (wrong !== -1) throw new Error(`run ${wrong}: got ${results[wrong]}, expected ${wrong * wrong}`);
}

/** The floor: a process of Node for each call that computes and answers, and nothing else. */
async function forkSquares(project: Project, count: number): Promise<void> {
  const calls = Array.from({ length: count }, async (_, n) => {
    const child = fork(join(project.folder, "bare.mjs"), [String(n)]);
    const [[result]] = await Promise.all([once(child, "message") as Promise<[number]>, once(child, "exit")]); // bare.mjs's
    return result;
  });
  expectSquares(await Promise.all(calls));
}

async function bareInTurn(project: Project): Promise<readonly number[]> {
  await project.write(
    "bare.mjs",
    "const n = Number(process.argv[2]); process.send(n * n, () => process.disconnect());",
  );
  const figures: number[] = [];
  for (let n = 0; n < inTurn; n++) figures.push(await timed(() => forkSquares(project, 1)));
  return figures;
}

function memoryOf(server: DevProcess): string {
  const operator = descendantsOf(server.pid).find((pid) => processField("args", pid).includes("operator.cjs")) ?? 0;
  return [server.pid, operator].map((pid) => `${Math.round(Number(processField("rss", pid)) / 1024)} MiB`).join(", ");
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function millis(ms: number): string {
  return `${Math.round(ms)} ms`;
}

function row(measure: string, figure: string, aim = ""): void {
  say(`${measure.padEnd(46)}${figure.padEnd(26)}${aim}`.trimEnd());
}
