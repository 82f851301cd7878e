// One seed from its beginning to its judgement: a cluster, operators and runs; faults for a while; then peace, until everything
// has ended or time is up.
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import type { TaskBundleStatus } from "@stint/crds/taskbundle";
import { type Devcluster, type Faults, seededFaults } from "@stint/devcluster";

import { type Embedded, startEmbedded } from "../../cli/src/dev/embedded.ts";
import { Chronicle, Ledger } from "./chronicle.ts";
import { disturb, healAll, passed, type Scene } from "./disturb.ts";
import { FaultSwitch, Tally } from "./fault-switch.ts";
import type { FaultKind } from "./faults.ts";
import { Forwarder } from "./forwarder.ts";
import { conditionOf, type History } from "./history.ts";
import { violations } from "./invariants/all.ts";
import { Operators } from "./operators.ts";
import { chaosMs, type Plan, type Submission } from "./plan.ts";
import type { Story } from "./stories.ts";
import { affordableSpeed, FastTime } from "./time.ts";

export interface Played {
  readonly violations: readonly string[];
  readonly counts: ReadonlyMap<FaultKind, number>;
  readonly history: History;
  /** What the operators logged. */
  readonly log: readonly string[];
}

/** By then everything has ended, once nothing befalls it: a silent watch is noticed after 180 s, a last retry waits for 32. */
const settleMs = 600_000;
/** Of this machine's own time: its slowness breaks no rule. */
const leastSettleMs = 120_000;
const lookMs = 20;
export const namespace = "default";
const bundle = "chaos";
const nodes = ["node-a", "node-b"];
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** `assets`: what was built, as `EmbeddedOptions` takes it. */
export async function play(plan: Plan, assets: string): Promise<Played> {
  const time = new FastTime(affordableSpeed());
  const ledger = new Ledger();
  const tally = new Tally();
  const faults = new FaultSwitch(seededFaults(plan.seed, plan.rates), tally);
  const embedded = await startCluster({ time, ledger, faults, assets });
  const gateway: Forwarder = await Forwarder.start(() => operators.gatewayPorts);
  const operators: Operators = new Operators({
    embedded,
    time,
    skewsMs: plan.skewsMs,
    gatewayAddress: () => gateway.address,
  });
  const chronicle = new Chronicle(embedded.cluster);
  const over = new AbortController();
  const scene: Scene = {
    cluster: embedded.cluster,
    chronicle,
    ledger,
    operators,
    gateway,
    faults,
    time,
    tally,
    nodes,
    over: over.signal,
  };
  try {
    await operators.start();
    await deployBundle(embedded);
    await makeChaos(plan, scene, over);
    const healedAtMs = Date.now();
    await untilSettled(chronicle, time);
    const endedAtMs = Date.now();
    chronicle.stop();
    await operators.close();
    const { changes } = chronicle;
    const history: History = {
      changes,
      ledger: ledger.entries(),
      operators: operators.ends,
      healedAtMs,
      endedAtMs,
      speed: time.speed,
    };
    return { violations: violations(history, plan), counts: tally.counts, history, log: operators.log };
  } finally {
    await operators.close();
    await embedded.close();
    await gateway.close();
    rmSync(ledger.folder, { recursive: true, force: true });
  }
}

interface Beginning extends Pick<Scene, "time" | "ledger"> {
  readonly faults?: Faults;
  readonly assets: string;
}

/** Two nodes, on which the processes of attempts write into the ledger. */
export function startCluster({ time, ledger: { folder }, faults, assets }: Beginning): Promise<Embedded> {
  for (const file of ["witness.cjs", "warp.cjs"]) copyFileSync(here(`preload/${file}`), join(folder, file));
  return startEmbedded({
    assets,
    clock: time,
    ...(faults && { faults }),
    nodes: {
      nodes: nodes.map((name) => ({ name })),
      timing: { memoryLookMs: 5_000, storageLookMs: 60_000, nodeMonitorGraceMs: 10_000 },
    },
    podPaths: { "/chaos": folder },
    podEnv: {
      NODE_OPTIONS: "--require /chaos/witness.cjs --require /chaos/warp.cjs",
      STINT_CHAOS_LEDGER: "/chaos/ledger.jsonl",
      ...time.environment(),
    },
  });
}

/** The tasks of the stories, Ready. */
export async function deployBundle({ cluster: { api } }: Embedded): Promise<void> {
  api.create("taskbundles.stint.dev", {
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskBundle",
    metadata: { name: bundle, namespace },
    spec: { source: { inline: readFileSync(here("tasks.ts"), "utf8") }, defaults: { instanceType: "starter" } },
  });
  const isReady = (): boolean => {
    const status = api.get("taskbundles.stint.dev", { namespace, name: bundle })?.["status"] as
      | TaskBundleStatus
      | undefined;
    return conditionOf(status?.conditions, "Ready")?.status === "True";
  };
  while (!isReady()) await sleep(lookMs);
}

async function makeChaos(plan: Plan, scene: Scene, over: AbortController): Promise<void> {
  scene.faults.turn(true);
  for (const condition of ["twoOperators", "clockSkew"] as const) {
    if (plan.kinds.includes(condition)) scene.tally.add(condition);
  }
  const happening = [
    ...plan.disturbances.map((disturbance) => disturb(disturbance, scene)),
    ...plan.submissions.map((submission) => submit(submission, scene)),
  ];
  await passed(chaosMs, scene);
  over.abort();
  await Promise.all(happening);
  healAll(scene);
}

async function submit({ name, atMs, story }: Submission, scene: Scene): Promise<void> {
  await scene.time.sleep(atMs);
  createRun(scene.cluster, name, story);
  if (story.cancelAfterMs === undefined) return;
  await scene.time.sleep(story.cancelAfterMs);
  cancelRun(scene.cluster, name);
}

/** A root run of one of the tasks. */
export function createRun(
  { api }: Devcluster,
  name: string,
  { task, input, spec }: Pick<Story, "task" | "input" | "spec">,
): void {
  api.create("taskruns.stint.dev", {
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskRun",
    metadata: { name, namespace },
    spec: { task: `${bundle}/${task}`, input, ...spec },
  });
}

/** Cancels it, if it is there. */
export function cancelRun({ api }: Devcluster, name: string): void {
  const run = api.get("taskruns.stint.dev", { namespace, name });
  if (run) api.update("taskruns.stint.dev", { ...run, spec: { ...(run["spec"] as object), cancel: true } });
}

/** Returns when all has ended, or when so long has passed that it never will. */
export async function untilSettled(chronicle: Chronicle, { speed }: FastTime): Promise<void> {
  const endMs = Date.now() + Math.max(settleMs / speed, leastSettleMs);
  while (!chronicle.isSettled && Date.now() < endMs) await sleep(lookMs);
}
