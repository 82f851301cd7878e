// `make soak MINUTES=60 RATE=1`: the built operator on devcluster under a steady load of the runs that chaos plays, without its
// faults: they succeed, fail and are tried again, have children, are canceled, run out of time. Fails on any outcome that its story
// does not tell, on any run or pod that stays, and on an operator that ends or logs an error; memory is reported, as a slope.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

import { label } from "@stint/crds/labels";
import type { TaskRun } from "@stint/crds/taskrun";
import fc from "fast-check";

import { startEmbedded } from "../../cli/src/dev/embedded.ts";
import { buildAssets } from "../chaos/built.ts";
import { isFinished } from "../chaos/history.ts";
import { isEnding } from "../chaos/invariants/endings.ts";
import { cancelRun, createRun, deployBundle, namespace } from "../chaos/play.ts";
import { stories, type Story } from "../chaos/stories.ts";
import { say } from "../shell.ts";
import { type Sample, slopePerHour } from "./figures.ts";
import { metricsOf } from "./metrics.ts";

const minutes = Number(process.env["MINUTES"] ?? 60);
/** Root runs a second. */
const rate = Number(process.env["RATE"] ?? 1);
const seed = Number(process.env["SEED"] ?? 1);

const results = new URL("./dist/", import.meta.url);
const sampleMs = 10_000;
/** Compilers warm up and caches fill: their growth ends. Half of a short soak, and ten minutes at most. */
const warmUpSeconds = Math.min(600, (minutes * 60) / 2);
/** Short, so that what is left behind is in the samples and not merely old. */
const ttlSecondsAfterFinished = 20;
const podRetentionSeconds = 20;
/** More than these at a time, and the machine is slower than the load: the next has to wait. */
const mostOpen = 60;
/** For the last to end and to go: a deadline, a TTL, a retention and its pause. */
const settleMs = 180_000;
const lookMs = 100;
const errorLevel = 50;

/** What the soak has seen. */
interface Seen {
  /** Roots that have not ended. */
  readonly open: Map<string, Story>;
  readonly phases: Map<string, number>;
  readonly problems: string[];
  /** Of roots that have ended. */
  attempts: number;
  children: number;
}

interface Memory {
  readonly rss: readonly Sample[];
  readonly heap: readonly Sample[];
}

const built = await buildAssets();
const embedded = await startEmbedded({ assets: built.assets });
const { api } = embedded.cluster;
const leaving = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => leaving.abort());
try {
  await soak();
} finally {
  await embedded.close();
  built.remove();
}

async function soak(): Promise<void> {
  const seen: Seen = { open: new Map(), phases: new Map(), problems: [], attempts: 0, children: 0 };
  let isOver = false;
  const operator = await embedded.startOperator({
    env: { STINT_POD_RETENTION_SECONDS: String(podRetentionSeconds) },
    onLine: (line) => noteLine(line, seen),
  });
  const noteEnd = async (): Promise<void> => {
    const end = await operator.ended;
    if (!isOver) seen.problems.push(`the operator has ended: ${end}`);
    leaving.abort();
  };
  void noteEnd();
  await operator.ready;
  await deployBundle(embedded);
  const unwatch = api.watch("taskruns.stint.dev", ({ type, object }) => note(type, object as unknown as TaskRun, seen));
  const sampling = new AbortController();
  const memory = sampleMemory(operator.httpPort, sampling.signal);
  say(`soak: ${minutes} min, ${rate} runs/s, seed ${seed}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`);
  const runs = await load(seen);
  await untilGone(seen);
  sampling.abort();
  unwatch();
  isOver = true;
  tell(runs, seen, await memory);
}

/** Starts runs at the rate for as long as it is to last; how many. */
async function load(seen: Seen): Promise<number> {
  const told = fc.sample(stories, { seed, numRuns: 500 });
  const began = performance.now();
  let runs = 0;
  for (; performance.now() - began < minutes * 60_000 && !leaving.signal.aborted; runs++) {
    while (seen.open.size >= mostOpen && !leaving.signal.aborted) await sleep(lookMs);
    await sleep(Math.max(0, began + (runs * 1000) / rate - performance.now()));
    const story = told[runs % told.length];
    if (story) start(`soak-${runs}`, story, seen);
  }
  return runs;
}

function start(name: string, story: Story, seen: Seen): void {
  seen.open.set(name, story);
  createRun(embedded.cluster, name, { ...story, spec: { ttlSecondsAfterFinished, ...story.spec } });
  if (story.cancelAfterMs !== undefined) void cancel(name, story.cancelAfterMs);
}

async function cancel(name: string, afterMs: number): Promise<void> {
  await sleep(afterMs);
  cancelRun(embedded.cluster, name);
}

/** Judges a root once it has ended; only counts the others. */
function note(type: string, run: TaskRun, seen: Seen): void {
  const { name, labels } = run.metadata;
  if (type === "ADDED" && labels?.[label.parent] !== undefined) seen.children += 1;
  const story = seen.open.get(name);
  if (!story || !isFinished(run)) return;
  seen.open.delete(name);
  const { phase = "none", attempts = [] } = run.status ?? {};
  seen.attempts += attempts.length;
  seen.phases.set(phase, (seen.phases.get(phase) ?? 0) + 1);
  if (!isEnding(run, story.ends)) seen.problems.push(`${name} (${story.task}) ${differenceOf(run, story)}`);
}

function differenceOf({ status }: TaskRun, { ends }: Story): string {
  const said = [status?.phase, status?.attempts?.at(-1)?.reason, status?.error?.message].filter(Boolean).join(" ");
  return `is ${said.slice(0, 200)}, not ${JSON.stringify(ends).slice(0, 100)}`;
}

/** Nobody should log an error where nothing is broken. */
function noteLine(line: string, { problems }: Seen): void {
  if (!line.startsWith("{")) problems.push(`the operator says: ${line}`);
  else if ((JSON.parse(line) as { level: number }).level >= errorLevel) problems.push(`the operator logs: ${line}`);
}

/** Waits until every root has ended, every run is removed and every attempt's pod is deleted; else says what stays. */
async function untilGone({ open, problems }: Seen): Promise<void> {
  const left = (): readonly string[] => [...namesOf("taskruns.stint.dev"), ...namesOf("pods")];
  const end = performance.now() + settleMs;
  while ((open.size > 0 || left().length > 0) && performance.now() < end) await sleep(lookMs);
  for (const name of open.keys()) problems.push(`${name} has not ended`);
  for (const name of left()) problems.push(`${name} is left`);
}

function namesOf(resource: "pods" | "taskruns.stint.dev"): readonly string[] {
  return api.list(resource, namespace).map(({ metadata }) => `${resource}/${metadata.name}`);
}

async function sampleMemory(port: number, signal: AbortSignal): Promise<Memory> {
  const memory = { rss: [] as Sample[], heap: [] as Sample[] };
  const began = performance.now();
  while (!signal.aborted) {
    const metrics = await metricsOf(port).catch(() => undefined); // an operator that has ended is a problem of its own
    if (!metrics) return memory;
    const seconds = (performance.now() - began) / 1000;
    const mb = (name: string): number => (metrics.get(name) ?? Number.NaN) / 2 ** 20;
    memory.rss.push({ seconds, value: mb("process_resident_memory_bytes") });
    memory.heap.push({ seconds, value: mb("nodejs_heap_size_used_bytes") });
    await sleep(sampleMs, undefined, { signal }).catch(() => undefined);
  }
  return memory;
}

function tell(runs: number, { phases, attempts, children, problems }: Seen, memory: Memory): void {
  const inOrder = [...phases].toSorted(([, a], [, b]) => b - a).map(([phase, count]) => `${phase} ${count}`);
  say(`${runs} runs in ${attempts} attempts, with ${children} children: ${inOrder.join(", ")}`);
  for (const kind of ["rss", "heap"] as const) say(`operator's ${kind}: ${memoryInWords(memory[kind])}`);
  problems.slice(0, 50).forEach(say);
  say(problems.length === 0 ? "nothing wrong, nothing left" : `${problems.length} problems`);
  mkdirSync(results, { recursive: true });
  const figures = {
    minutes,
    rate,
    seed,
    runs,
    attempts,
    children,
    phases: Object.fromEntries(phases),
    memory,
    problems,
  };
  writeFileSync(new URL("soak.json", results), `${JSON.stringify(figures, undefined, 2)}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

function memoryInWords(samples: readonly Sample[]): string {
  const warm = samples.filter(({ seconds }) => seconds >= warmUpSeconds);
  const values = warm.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(0));
  const slope = slopePerHour(warm).toFixed(1);
  return `${least} to ${most} MB, slope ${slope} MB/h over ${warm.length} samples after ${warmUpSeconds / 60} min`;
}
