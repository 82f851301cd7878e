// A cluster in memory with the whole operator in it, and with pods whose programs run in this process.
//
//   W1. The operator has been there for a while when the test begins: nobody still waits for runners that look for a gateway.
//   W2. What goes wrong there without a run to tell of it is a fault of ours. It ends the test and is not waited out.
import type { Assignment } from "@stint/crds/attempt";
import type { Host, HostTime, Registry } from "@stint/crds/host";
import { label } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import { logLine, type WriteLog } from "@stint/crds/log-line";
import { instanceTypes, type Pod } from "@stint/operator/effects/resources";
import type { GatewayDeps } from "@stint/operator/gateway/deps";
import { passing } from "@stint/operator/points";
import type { Logger } from "@stint/operator/telemetry/logger";
import { createMetrics } from "@stint/operator/telemetry/metrics";
import { originOf } from "@stint/runner-image/run";
import { Registry as MetricsRegistry } from "prom-client";

import { Draws } from "./draws.ts";
import { HarnessError } from "./errors.ts";
import { VirtualClock } from "./memory/clock.ts";
import { MemoryCluster } from "./memory/cluster.ts";
import type { Fault } from "./memory/faults.ts";
import { collectAfterRuns } from "./memory/garbage.ts";
import { Kubelet, type PodProcess, type Program } from "./memory/kubelet.ts";
import { ObjectStore } from "./memory/object-store.ts";
import { startOperator } from "./memory/operator.ts";
import type { HarnessSettings } from "./options.ts";
import { Pacer } from "./pacer.ts";
import { Executions } from "./process/executions.ts";
import { captureOutput, Logs, printingTo, recordingInto, type Sink } from "./process/output.ts";
import { createProgram } from "./process/program.ts";
import { RunList } from "./run-list.ts";
import { tasksNamed } from "./tasks.ts";

/** Where everything of a harness is. */
export const namespace = "default";

/** How long the operator has been there when the test begins (W1). */
export const headStartMs = 60_000;

const operatorSettings = {
  instance: "harness",
  workers: 16,
  podRetentionSeconds: 600,
  limits: { treeDepth: limits.treeDepth, treeSize: limits.treeSize },
};

const podSettings = {
  runnerImage: "in-process",
  imagePullPolicy: "IfNotPresent",
  gatewayAddress: "127.0.0.1:8443",
  gatewayName: "stint-gateway",
  gatewayCa: "",
} as const;

export class World {
  readonly clock: VirtualClock;
  readonly pacer: Pacer;
  readonly draws: Draws;
  /** Whoever is not the operator. */
  readonly hand: MemoryCluster;
  readonly runs: RunList;
  readonly kubelet: Kubelet;
  readonly logs = new Logs();
  /** By the name of a run, the end of its next attempt. */
  readonly planned = new Map<string, Fault>();
  readonly #settings: HarnessSettings;
  readonly #executions = new Executions();
  readonly #over = new AbortController();
  readonly #stopCapture = captureOutput();
  #problem: HarnessError | undefined;

  constructor(settings: HarnessSettings) {
    const executions = this.#executions;
    const settle = () => executions.settle();
    this.#settings = settings;
    this.draws = new Draws(settings.seed);
    this.clock = new VirtualClock(new Date(settings.now.getTime() - headStartMs), { settle });
    this.pacer = new Pacer({ clock: this.clock, executions, check: () => this.check() });
    this.hand = new MemoryCluster(new ObjectStore(() => this.clock.now(), this.draws.uid));
    this.runs = new RunList(this.hand.store, this.clock, executions.ring);
    collectAfterRuns(this.hand.store);
    this.kubelet = new Kubelet({
      hand: this.hand,
      clock: this.clock,
      program: (process) => this.#program(process),
      planned: (pod) => this.#takePlanned(pod),
    });
  }

  /** Throws what ends the test (W2), and where the harness is closed. */
  check(): void {
    if (this.#problem) throw this.#problem;
    if (this.#over.signal.aborted) throw this.#over.signal.reason;
  }

  /** Virtual time for the SDK; no timeout comes once `over` is aborted. */
  time(over: AbortSignal = this.#over.signal): HostTime {
    return { nowMs: () => this.clock.now().getTime(), timeout: (ms) => timeoutOf(this.clock, ms, over) };
  }

  /** Starts the operator, which leads at once. */
  async start(): Promise<void> {
    for (const [name, spec] of this.#settings.instanceTypes) {
      await this.hand.create(instanceTypes, undefined, { metadata: { name }, spec });
    }
    const { clock, draws } = this;
    const openSince = clock.now();
    const options = {
      cluster: new MemoryCluster(this.hand.store),
      clock,
      random: draws.number,
      log: this.#logger,
      metrics: createMetrics(new MetricsRegistry()),
      surroundings: { taskDefaults: {}, podSettings: () => podSettings, gatewayReadySince: () => openSince },
      settings: operatorSettings,
      point: passing,
    };
    const { assembly } = await startOperator(options, this.#over.signal);
    this.#program = this.#programWith(assembly.gateway);
    void assembly.work(this.#over.signal);
  }

  /** Whether code of this run is executed, be it a hook after its end. */
  isExecuting(run: string): boolean {
    return this.#executions.busy().has(run);
  }

  /** Ends every program, then the operator. */
  async close(): Promise<void> {
    if (this.#over.signal.aborted) return;
    await this.kubelet.stop(() => this.#executions.settle());
    this.#over.abort(new HarnessError("This harness is closed. Create another one with createHarness()."));
    await this.#executions.settle();
    this.#stopCapture();
  }

  #program: Program = () => Promise.reject(new Error("a pod was created before the operator was there"));

  #programWith(gateway: GatewayDeps): Program {
    return createProgram({ gateway, clock: this.clock, tasksIn: (process) => this.#tasksIn(process) });
  }

  /** The tasks of the pod's bundle. What they print, and what they wait for, is noted. */
  #tasksIn({ pod: { metadata }, killed }: PodProcess): Registry {
    const { [label.run]: run = "", [label.attempt]: attempt, [label.bundle]: bundle = "" } = metadata.labels ?? {};
    const sink = this.logs.sinkOf(run, Number(attempt), killed);
    const time = this.time(killed);
    return tasksNamed(this.#settings.bundles.get(bundle) ?? new Set(), (assignment, host, execute) => {
      const log = this.#logOf(assignment, sink);
      const prints = assignment.logPrints === true ? recordingInto(log, sink) : sink;
      const own = (watched: Host) => printingTo(prints, () => execute({ ...watched, time, log }));
      return this.#executions.during(run, host, { killed, execute: own });
    });
  }

  /** The records of an attempt's own log (S143), in virtual time. */
  #logOf(assignment: Assignment, sink: Sink): WriteLog {
    const origin = originOf(assignment, undefined);
    return (level, msg, fields) => {
      const common = { time: this.clock.now().toISOString(), ...origin };
      sink(logLine(level, msg, common, fields).trimEnd());
    };
  }

  #takePlanned({ metadata }: Pod): Fault | undefined {
    const run = metadata.labels?.[label.run] ?? "";
    const fault = this.planned.get(run);
    this.planned.delete(run);
    return fault;
  }

  /** Silent, but for what must not be overlooked (W2). */
  readonly #logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (fields, message) => {
      const { error: cause } = fields;
      const why = cause instanceof Error ? cause.message : JSON.stringify(fields);
      this.#problem ??= new HarnessError(
        `The operator in the harness failed: ${message}: ${why}. This is a bug of Stint: report it with the test that shows it.`,
        { cause },
      );
      this.#executions.ring();
    },
    child: () => this.#logger,
  };
}

/** As `AbortSignal.timeout`, by a clock; it never aborts once `over` has. */
function timeoutOf(clock: VirtualClock, ms: number, over: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const timeUp = () => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
  clock.sleep(ms, over).then(timeUp, () => {});
  return controller.signal;
}
