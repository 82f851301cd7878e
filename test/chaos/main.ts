// `make chaos SEED=7 RUNS=100 JOBS=4`: that seed and those after it, so many at a time or as many as there are cores, and a table of
// what befell them. Exits 1 if a rule was broken; the seed that broke it is printed, and replays by itself.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

import { run, say } from "../shell.ts";
import { buildAssets } from "./built.ts";
import { reasonsOf, type Summary, tableOf } from "./summary.ts";

const first = Number(process.env["SEED"] ?? 1);
const count = Number(process.env["RUNS"] ?? 1);
const jobs = Number(process.env["JOBS"] ?? availableParallelism());
const program = fileURLToPath(new URL("./seed.ts", import.meta.url));

const built = await buildAssets();
say(`chaos: seeds ${first} to ${first + count - 1}`);
const began = performance.now();
const waiting = Array.from({ length: count }, (_, index) => first + index);
const summaries: Summary[] = [];
const broken: number[] = [];

// Ctrl-C takes no new seeds; the table is of those that were played.
let left = 0;
process.once("SIGINT", () => (left = waiting.splice(0).length));

async function work(): Promise<void> {
  for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
    const { code, output, seconds } = await run("node", [program, String(seed), built.assets]);
    const line = output.split("\n").findLast((text) => text.startsWith("{"));
    const summary = code === 0 && line !== undefined ? (JSON.parse(line) as Summary) : undefined; // of seed.ts
    if (summary) summaries.push(summary);
    const problems = summary?.violations ?? [output.trim()];
    const faults = Object.keys(summary?.counts ?? {}).join(" ");
    say(`${problems.length === 0 ? "ok  " : "FAIL"} seed ${seed} ${seconds.toFixed(1)} s: ${faults}`);
    if (problems.length === 0) continue;
    broken.push(seed);
    problems.forEach((problem) => say(`       ${problem}`));
    say(`       make chaos SEED=${seed} plays it again`);
  }
}

await Promise.all(Array.from({ length: Math.min(jobs, count) }, work));
built.remove();
tableOf(summaries).forEach(say);
say(`attempts ended: ${reasonsOf(summaries)}`);
say(
  `${count - left} seeds in ${((performance.now() - began) / 1000).toFixed(0)} s, ${broken.length} failed ${broken.join(" ")}`,
);
process.exitCode = broken.length > 0 ? 1 : 0;
