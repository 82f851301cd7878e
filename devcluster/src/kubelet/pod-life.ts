// The life of one pod on its node, from the kubelet's taking it to its last status.
//
//   L1. What ends a pod first gives the reason; whatever comes later can only make it end sooner.
//   L2. A pod is over when nothing of it runs: SIGTERM, its grace, SIGKILL, and only then the terminal status.
//   L3. Every wait of this pod ends with it.
import type { Clock } from "../clock.ts";
import { ContainerLife, type Runtime, type Signal } from "./container-life.ts";
import type { Recorder } from "./events.ts";
import { PodFolder } from "./pod-folder.ts";
import type { Ending, PodView } from "./pod-status.ts";
import type { Pod } from "./pod.ts";
import { assertSandbox, SandboxError } from "./sandbox.ts";
import { storageExcess } from "./storage.ts";
import { makeVolumes, MountError, type Renewal, renewToken, tokensOf } from "./volumes.ts";
import { waited } from "./wait.ts";

interface Node extends Runtime {
  /** Folder of all pods. */
  readonly pods: string;
  readonly record: Recorder;
  /** Writes the pod's status; called after every change. */
  readonly report: (life: PodLife) => void;
}

const defaultGraceSeconds = 30;
const defaultTokenSeconds = 3600;
const longestTokenSeconds = 86_400;

export class PodLife {
  readonly pod: Pod;
  readonly folder: PodFolder;
  readonly containers: readonly ContainerLife[];
  readonly #node: Node;
  readonly #clock: Clock;
  /** Aborted when the pod begins to end, and when it is over. */
  readonly #ending = new AbortController();
  readonly #over = new AbortController();
  readonly #startedAt: Date;
  /** Resolves as {@link PodLife.run} does; at once for a pod that was never run. */
  gone: Promise<void> = Promise.resolve();
  #reason: Ending | undefined;
  #graceSeconds = Infinity;
  #isSandboxReady = false;
  #isAbandoned = false;

  constructor(pod: Pod, node: Node) {
    this.pod = pod;
    this.folder = new PodFolder(node.pods, pod);
    this.#node = node;
    this.#clock = node.clock;
    this.#startedAt = node.clock.now();
    this.containers = pod.spec.containers.map(
      (container) =>
        new ContainerLife(container, node, {
          pod,
          folder: this.folder,
          record: (occurrence) => node.record(pod, occurrence),
          onChange: () => this.#report(),
        }),
    );
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  get isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  get view(): PodView {
    return {
      startedAt: this.#startedAt,
      sandboxReady: this.#isSandboxReady,
      containers: this.containers.map(({ view }) => view),
      ...(this.#reason && { ending: this.#reason }),
      isOver: this.isOver,
    };
  }

  /** Resolves when nothing of the pod runs, and nothing waits for it any more. */
  run(): Promise<void> {
    this.gone = this.#live();
    return this.gone;
  }

  async #live(): Promise<void> {
    const waits = [this.#keepDeadline(), this.#keepStorage()];
    this.#report();
    if (await this.#untilReady()) {
      this.#isSandboxReady = true;
      this.#report();
      waits.push(...tokensOf(this.pod).map((renewal) => this.#keepToken(renewal)));
      await Promise.all(this.containers.map((container) => container.run(this.#ending.signal)));
    }
    this.#finish();
    await Promise.all(waits); // L3
  }

  /** Ends the pod: its containers get SIGTERM and, `graceSeconds` later, SIGKILL; without grace that at once. */
  end(reason: Ending, graceSeconds = this.pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds): void {
    if (this.isOver) return;
    this.#reason ??= reason; // L1
    if (graceSeconds >= this.#graceSeconds) return;
    this.#graceSeconds = graceSeconds;
    if (graceSeconds === 0) this.#signal("SIGKILL");
    else if (!this.isEnding) this.#signal("SIGTERM");
    this.#ending.abort();
    void this.#killAfter(graceSeconds * 1000);
  }

  /** Kills what is left without a word, and writes nothing: nobody keeps the pod any more. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#signal("SIGKILL");
    this.#ending.abort();
  }

  /** Ends the pod at once, as one of whose containers nobody knows the end. */
  lose(reason: Ending): void {
    this.#reason ??= reason;
    this.containers.forEach((container) => container.lose());
    this.#ending.abort();
    this.#finish();
  }

  #signal(signal: Signal): void {
    this.containers.forEach((container) => container.signal(signal));
  }

  #finish(): void {
    if (this.isOver) return;
    this.#over.abort();
    this.#ending.abort();
    this.#report();
  }

  async #killAfter(ms: number): Promise<void> {
    if (await waited(this.#clock, ms, this.#over.signal)) this.#signal("SIGKILL");
  }

  /** False if the pod is ending before its sandbox and its volumes are there. */
  async #untilReady(): Promise<boolean> {
    const { api, timing, record } = this.#node;
    this.folder.create();
    while (!this.isEnding) {
      try {
        assertSandbox(api, this.pod);
        await makeVolumes(api, this.pod, this.folder);
        return !this.isEnding;
      } catch (error) {
        const reason = error instanceof SandboxError ? "FailedCreatePodSandBox" : "FailedMount";
        if (!(error instanceof SandboxError || error instanceof MountError)) throw error;
        record(this.pod, { type: "Warning", reason, message: error.message });
      }
      await waited(this.#clock, timing.configRetryMs, this.#ending.signal);
    }
    return false;
  }

  async #keepDeadline(): Promise<void> {
    const { activeDeadlineSeconds } = this.pod.spec;
    if (activeDeadlineSeconds === undefined) return;
    if (!(await waited(this.#clock, activeDeadlineSeconds * 1000, this.#over.signal))) return;
    const message = "Pod was active on the node longer than the specified deadline";
    this.#node.record(this.pod, { type: "Normal", reason: "DeadlineExceeded", message });
    this.end({ isFailure: true, reason: "DeadlineExceeded", message });
  }

  async #keepStorage(): Promise<void> {
    while (await waited(this.#clock, this.#node.timing.storageLookMs, this.#ending.signal)) {
      const message = await storageExcess(this.pod, this.folder, this.containers);
      if (message === undefined) continue;
      this.#node.record(this.pod, { type: "Warning", reason: "Evicted", message });
      this.end({ isFailure: true, reason: "Evicted", message }, 0);
    }
  }

  /** At 80 % of its life, or after a day, a token is replaced; one that cannot be had is asked for again and again. */
  async #keepToken(renewal: Renewal): Promise<void> {
    const { api, timing, record } = this.#node;
    const lifeSeconds = renewal.token.expirationSeconds ?? defaultTokenSeconds;
    const periodMs = Math.min(lifeSeconds * 0.8, longestTokenSeconds) * 1000;
    for (let ms = periodMs; await waited(this.#clock, ms, this.#over.signal);) {
      try {
        await renewToken(api, this.pod, this.folder, renewal);
        ms = periodMs;
      } catch (error) {
        if (!(error instanceof MountError)) throw error;
        record(this.pod, { type: "Warning", reason: "FailedMount", message: error.message });
        ms = timing.configRetryMs;
      }
    }
  }

  #report(): void {
    if (!this.#isAbandoned) this.#node.report(this);
  }
}
