// `make bench RUNS=600,5000`: Stint beside what somebody would take instead, on the same simulated nodes of the test cluster, in one
// run, one table. With --write the table goes into docs/performance.md. Nothing but a wrong outcome makes it fail.
//
//   B1. Who is measured differs in nothing that it need not: the same container, requests and nodes, one after the other, each
//       in a namespace of its own that is gone before the next begins.
//   B2. The cluster is left as it was found: flags, nodes and definitions are taken back whatever happens.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { OperatorProcess } from "../../cli/src/dev/operator-process.ts";
import { buildAssets } from "../chaos/built.ts";
import { auditMark, inWords, isWrite, requestsSince } from "../e2e/kit/audit.ts";
import { run, say } from "../shell.ts";
import { Api } from "./api.ts";
import { ControlPlane, forgetPeak, until, type Usage, usageOf } from "./control-plane.ts";
import { paceOf } from "./figures.ts";
import { patientWithNodes, tunedScheduler } from "./flags.ts";
import { type Kwok, startKwok } from "./kwok.ts";
import { installLeast } from "./least.ts";
import { follow } from "./measure.ts";
import { loopDelayOf } from "./metrics.ts";
import { type Peer, peers } from "./peers.ts";
import { installStint, operatorLog, refuseOther, startStint } from "./stint.ts";
import { type Figures, type Row, type SteadyRow, textOf, withFigures } from "./table.ts";

const sizes = (process.env["RUNS"] ?? "600,5000").split(",").map(Number);
const nodes = Number(process.env["NODES"] ?? 20);
const podMs = Number(process.env["POD_MS"] ?? 1000);
/** Part of the name of those who are to be measured; all of them if it is empty. */
const only = process.env["PEER"] ?? "";
/** Where CPU profiles of the operator go, if they are wanted. */
const profileFolder = process.env["PROFILE"];
const cluster = process.env["STINT_CLUSTER"];
const page = new URL("../../docs/performance.md", import.meta.url);
const results = new URL("./dist/", import.meta.url);

/** How long a steady load is kept up, at most, and with how many runs. */
const steady = { seconds: 45, runs: 600 };
/** What the last measure has left to do, leases and garbage, is not to be in the next. */
const calmMs = 5_000;

const namespace = "stint-bench";
const namespacePath = `/api/v1/namespaces/${namespace}`;

/** All that a measure needs. */
interface Rig {
  readonly api: Api;
  readonly controlPlane: ControlPlane;
  readonly kwok: Kwok;
  readonly operator: OperatorProcess;
}

/** What was asked for besides the defaults, as it was typed. */
const settings = ["RUNS", "NODES", "POD_MS", "PEER"].flatMap((name) => {
  const value = process.env[name];
  return value === undefined ? [] : [`${name}=${value}`];
});

const undo: (() => Promise<unknown>)[] = [];
const loadBefore = loadavg()[0] ?? Number.NaN;
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void clear().finally(() => process.exit(1)));
try {
  mkdirSync(results, { recursive: true });
  const figures = await bench(await prepare());
  say(`\n${textOf(figures)}`);
  if (process.argv.includes("--write")) writeFileSync(page, withFigures(readFileSync(page, "utf8"), figures));
} finally {
  await clear();
}

async function prepare(): Promise<Rig> {
  if (cluster === undefined) throw new Error('no cluster: make cluster-up, then eval "$(test/cluster/env.sh)"');
  await refuseOther();
  const folder = mkdtempSync(join(tmpdir(), "stint-bench-"));
  undo.push(async () => rmSync(folder, { recursive: true }));
  const built = await buildAssets();
  undo.push(async () => built.remove());
  const controlPlane = new ControlPlane(cluster);
  const api = await Api.at(await controlPlane.server());
  undo.push(() => controlPlane.setFlags("kube-scheduler", {}, api));
  undo.push(() => controlPlane.setFlags("kube-controller-manager", {}, api));
  await controlPlane.setFlags("kube-controller-manager", patientWithNodes, api);
  await controlPlane.setFlags("kube-scheduler", tunedScheduler, api);
  undo.push(await installStint(folder));
  undo.push(await installLeast(api));
  const kwok = await startKwok({ api, nodes, podMs, folder });
  undo.push(() => kwok.close());
  const { assets } = built;
  const operator = await startStint({ api, assets, folder, ...(profileFolder !== undefined && { profileFolder }) });
  const stopping = new AbortController();
  void tellEnd(operator, stopping.signal);
  undo.push(() => {
    stopping.abort();
    return operator.stop();
  });
  undo.push(() => removeNamespace(api)); // while there is somebody to see its pods off
  return { api, controlPlane, kwok, operator };
}

/** Where nobody has stopped it. */
async function tellEnd({ ended }: OperatorProcess, stopped: AbortSignal): Promise<void> {
  const how = await ended;
  if (!stopped.aborted) say(`the operator has ended by itself (${how}); it has said why in ${operatorLog}`);
}

/** Takes back what was done, the last first, and says what could not be. */
async function clear(): Promise<void> {
  for (const step of undo.splice(0).toReversed()) {
    await step().catch((error: unknown) => {
      say(`left behind: ${String(error)}`);
      process.exitCode = 1;
    });
  }
}

async function bench(rig: Rig): Promise<Figures> {
  const rows: Row[] = [];
  const steadyRows: SteadyRow[] = [];
  const [cpu] = cpus();
  const figures: Figures = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, all of it on this one machine`,
    loadBefore,
    versions: await versions(rig.api),
    command: ["make bench", ...settings].join(" "),
    nodes,
    podMs,
    rows,
    steady: steadyRows,
  };
  for (const peer of peers.filter(({ name }) => name.includes(only))) {
    await rig.controlPlane.setFlags("kube-controller-manager", { ...patientWithNodes, ...peer.flags }, rig.api);
    for (const [index, runs] of sizes.filter((size) => size <= (peer.mostRuns ?? size)).entries()) {
      await inNamespace(rig, peer, async () => {
        const row = await atOnce(rig, peer, runs);
        const more = (row.ownWrites["create pods"] ?? runs) - runs;
        const again = more > 0 ? `, and ${more} pods more than runs: something was not well` : "";
        say(`${peer.name}, ${runs} runs: ${row.pace.perSecond.toFixed(1)} runs/s${again}`);
        rows.push(row);
        if (index === 0) steadyRows.push(await atHalf(rig, peer, row));
        keep(figures); // it takes long, and one may fail
      });
    }
  }
  return figures;
}

function keep(figures: Figures): void {
  writeFileSync(new URL("bench.json", results), `${JSON.stringify(figures, undefined, 2)}\n`);
}

/** Calls with a namespace in which the peer can work, and waits until it is gone again. */
async function inNamespace({ api }: Rig, peer: Peer, measure: () => Promise<void>): Promise<void> {
  await api.send("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  try {
    await until("the namespace has its ServiceAccount", () => api.has(`${namespacePath}/serviceaccounts/default`));
    await peer.prepare?.(api, namespace);
    await sleep(calmMs);
    await measure();
  } finally {
    await removeNamespace(api);
    await sleep(calmMs);
  }
}

async function removeNamespace(api: Api): Promise<void> {
  if (!(await api.has(namespacePath))) return;
  await api.send("DELETE", namespacePath);
  await until("the namespace is gone", async () => !(await api.has(namespacePath)), 600_000);
}

async function atOnce(rig: Rig, peer: Peer, runs: number): Promise<Row> {
  const { api, controlPlane, operator } = rig;
  const mark = auditMark();
  await controlPlane.forgetPeaks();
  const isStint = peer.controller === "operator";
  if (isStint) {
    forgetPeak(operator.pid);
    await loopDelayOf(operator.httpPort); // it begins anew with each question
  }
  const before = await usage(rig);
  const lives = await follow({ api, peer, namespace, runs, prefix: "all" });
  const after = await usage(rig);
  const loopDelayMs = isStint ? await loopDelayOf(operator.httpPort) : undefined;
  const own = (await requestsSince(mark, peer.isOwn)).filter(isWrite);
  const cpu = Object.entries(after).map(([name, { cpuSeconds }]) => [
    name,
    cpuSeconds - (before[name]?.cpuSeconds ?? 0),
  ]);
  const { controller } = peer;
  return {
    peer: peer.name,
    settings: peer.settings,
    runs,
    pace: paceOf(lives),
    ownWrites: counted(own.map(inWords)),
    cpuSeconds: Object.fromEntries(cpu),
    ...(controller && { controller: { name: controller, peakMb: after[controller]?.peakMb ?? Number.NaN } }),
    ...(loopDelayMs && { loopDelayMs }),
  };
}

/** Latency without a queue: half of what was kept up, for a while. */
async function atHalf({ api }: Rig, peer: Peer, { pace, runs: most }: Row): Promise<SteadyRow> {
  const rate = pace.perSecond / 2;
  const runs = Math.max(1, Math.min(most, steady.runs, Math.floor(rate * steady.seconds)));
  const lives = await follow({ api, peer, namespace, runs, rate, prefix: "half" });
  return { peer: peer.name, runs, rate, pace: paceOf(lives) };
}

/** Of every process that has a part in it. */
async function usage({ controlPlane, kwok, operator }: Rig): Promise<Readonly<Record<string, Usage>>> {
  const outside = { kwok: usageOf(kwok.pid), bench: usageOf(process.pid) };
  const isThere = existsSync(`/proc/${operator.pid}`); // its end is told; others can be measured without it
  return { ...(await controlPlane.usage()), ...outside, ...(isThere && { operator: usageOf(operator.pid) }) };
}

function counted(words: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...Map.groupBy(words, (word) => word)].map(([word, { length }]) => [word, length]));
}

async function versions(api: Api): Promise<Readonly<Record<string, string>>> {
  const { gitVersion } = await api.send<{ readonly gitVersion: string }>("GET", "/version");
  const { output } = await run("kwok", ["--version"]);
  return {
    Kubernetes: gitVersion,
    kwok: /v\d+\.\d+\.\d+/.exec(output)?.[0] ?? "of unknown version",
    Node: process.version,
  };
}
