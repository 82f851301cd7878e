// One container from its image to its exit code.
//
//   C1. A container starts at most once: pods that restart containers are refused.
//   C2. Once its pod is ending it starts no more; one that is being started at that very moment gets the signal as it runs.
import { randomBytes } from "node:crypto";

import type { Api } from "../api.ts";
import { type Clock, toTime } from "../clock.ts";
import { ConfigError } from "./environment.ts";
import type { Occurrence } from "./events.ts";
import { findImage, type ImageProblem, type ImageResolver, type LocalImage } from "./images.ts";
import { Output } from "./output.ts";
import type { PodFolder } from "./pod-folder.ts";
import type { ContainerView } from "./pod-status.ts";
import type { Container, ContainerState, Pod, TerminatedState } from "./pod.ts";
import { type ProcessGroup, StartError, startGroup } from "./process-group.ts";
import { makeProgram, type Program } from "./program.ts";
import { parseQuantity } from "./quantity.ts";
import type { Reaper } from "./reaper.ts";
import { terminationMessage } from "./termination.ts";
import type { Timing } from "./timing.ts";
import { waited } from "./wait.ts";

/** What a container needs of its node. */
export interface Runtime {
  readonly api: Api;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly images: ImageResolver;
  readonly reaper: Reaper;
  /** Told of what containers write, as they write it. */
  readonly onOutput?: OutputListener;
}

/** `chunk` is as long as the pipe gave it: lines may be cut in two. */
export type OutputListener = (pod: Pod, container: string, chunk: Buffer) => void;

interface Owner {
  readonly pod: Pod;
  readonly folder: PodFolder;
  readonly record: (occurrence: Occurrence) => void;
  /** Called after every change of the container's state. */
  readonly onChange: () => void;
}

export type Signal = Parameters<ProcessGroup["signal"]>[0];

const longestBackoffFactor = 30;

export class ContainerLife {
  readonly container: Container;
  readonly #runtime: Runtime;
  readonly #owner: Owner;
  #state: ContainerState = { waiting: { reason: "ContainerCreating" } };
  #containerID: string | undefined;
  #output: Output | undefined;
  #group: ProcessGroup | undefined;
  #isOutOfMemory = false;
  #owedSignal: Signal | undefined;

  constructor(container: Container, runtime: Runtime, owner: Owner) {
    this.container = container;
    this.#runtime = runtime;
    this.#owner = owner;
  }

  get view(): ContainerView {
    const id = this.#containerID;
    return { container: this.container, state: this.#state, ...(id !== undefined && { containerID: id }) };
  }

  /** What it has written; undefined before it started. */
  get output(): Output | undefined {
    return this.#output;
  }

  /** Group of a container that runs with a memory limit, and the limit in bytes. */
  get memory(): { readonly group: number; readonly limitBytes: number } | undefined {
    const limit = this.container.resources?.limits?.["memory"];
    if (!this.#group || !this.#state.running || limit === undefined) return undefined;
    return { group: this.#group.id, limitBytes: parseQuantity(limit) };
  }

  /** Resolves when it runs no more: it has ended, or `stop` came before it started. */
  async run(stop: AbortSignal): Promise<void> {
    const image = await this.#untilImage(stop);
    const program = image && (await this.#untilConfigured(image, stop));
    if (!program) return;
    const output = this.#created();
    const startedAt = this.#runtime.clock.now();
    try {
      this.#group = await startGroup(program, (chunk) => this.#heard(output, chunk), this.#runtime.reaper);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      return this.#neverRan(error);
    }
    this.#become({ running: { startedAt: toTime(startedAt) } });
    this.#record("Normal", "Started", `Started container ${this.container.name}`);
    if (this.#owedSignal) this.signal(this.#owedSignal); // C2
    this.#ended(await this.#group.exited, startedAt);
  }

  /** What comes before the container runs is owed to it; what comes after its end is nothing. */
  signal(signal: Signal): void {
    if (!this.#state.running) {
      this.#owedSignal = signal;
      return;
    }
    this.#record("Normal", "Killing", `Stopping container ${this.container.name}`); // a repeated one is counted
    this.#group?.signal(signal);
  }

  killForMemory(): void {
    this.#isOutOfMemory = true;
    this.#group?.signal("SIGKILL");
  }

  /** Ends it as one of which nobody knows the end. */
  lose(): void {
    this.#group?.signal("SIGKILL");
    if (this.#state.terminated) return;
    this.#state = {
      terminated: {
        exitCode: 137,
        reason: "ContainerStatusUnknown",
        message: "The container could not be located when the pod was terminated",
        startedAt: null,
        finishedAt: null,
      },
    };
  }

  async #untilImage(stop: AbortSignal): Promise<LocalImage | undefined> {
    const { image, imagePullPolicy } = this.container;
    const { images, timing, clock } = this.#runtime;
    for (let factor = 1; !stop.aborted; factor = Math.min(factor * 2, longestBackoffFactor)) {
      const found = findImage(image, imagePullPolicy, images);
      if (!("reason" in found)) {
        this.#record("Normal", "Pulled", `Container image "${image}" already present on machine`);
        return found;
      }
      this.#missImage(found);
      await waited(clock, timing.imageBackoffMs * factor, stop);
    }
    return undefined;
  }

  #missImage({ reason, message }: ImageProblem): void {
    const { image } = this.container;
    if (reason !== "ErrImagePull") {
      this.#record("Warning", reason === "InvalidImageName" ? "InspectFailed" : reason, message);
      return this.#wait(reason, message);
    }
    this.#record("Normal", "Pulling", `Pulling image "${image}"`);
    this.#record("Warning", "Failed", `Failed to pull image "${image}": ${message}`);
    this.#wait(reason, message);
    this.#record("Normal", "BackOff", `Back-off pulling image "${image}"`);
    this.#wait("ImagePullBackOff", `Back-off pulling image "${image}": ErrImagePull: ${message}`);
  }

  async #untilConfigured(image: LocalImage, stop: AbortSignal): Promise<Program | undefined> {
    const { pod, folder } = this.#owner;
    while (!stop.aborted) {
      try {
        return makeProgram(this.#runtime.api, this.container, { pod, folder, image });
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        this.#wait("CreateContainerConfigError", error.message);
      }
      await waited(this.#runtime.clock, this.#runtime.timing.configRetryMs, stop);
    }
    return undefined;
  }

  #created(): Output {
    const output = new Output(this.#owner.folder.logFile(this.container.name), this.#runtime.clock);
    this.#output = output;
    this.#containerID = `local://${randomBytes(32).toString("hex")}`;
    this.#record("Normal", "Created", `Created container: ${this.container.name}`);
    return output;
  }

  #heard(output: Output, chunk: Buffer): void {
    output.append(chunk);
    this.#runtime.onOutput?.(this.#owner.pod, this.container.name, chunk);
  }

  #neverRan({ message }: StartError): void {
    this.#output?.end();
    this.#record("Warning", "Failed", `Error: ${message}`);
    const terminated = { exitCode: 128, reason: "StartError", message, startedAt: "1970-01-01T00:00:00Z" };
    this.#become({ terminated: { ...terminated, finishedAt: toTime(this.#runtime.clock.now()) } });
  }

  #ended(exitCode: number, startedAt: Date): void {
    const { pod, folder } = this.#owner;
    const output = this.#output;
    output?.end();
    if (this.#state.terminated || !output) return; // lost meanwhile
    const file = folder.terminationFile(this.container.name);
    const containers = pod.spec.containers.length;
    const message = terminationMessage(this.container, { file, output, exitCode, containers });
    this.#become({
      terminated: {
        exitCode,
        reason: this.#endReason(exitCode),
        ...(message && { message }),
        startedAt: toTime(startedAt),
        finishedAt: toTime(this.#runtime.clock.now()),
      } satisfies TerminatedState,
    });
  }

  #endReason(exitCode: number): string {
    if (this.#isOutOfMemory) return "OOMKilled";
    return exitCode === 0 ? "Completed" : "Error";
  }

  #wait(reason: string, message: string): void {
    const { waiting } = this.#state;
    if (waiting?.reason === reason && waiting.message === message) return;
    if (reason !== "ContainerCreating") this.#record("Warning", "Failed", `Error: ${waitingEvent(reason, message)}`);
    this.#become({ waiting: { reason, message } });
  }

  #become(state: ContainerState): void {
    if (this.#state.terminated) return; // lost meanwhile
    this.#state = state;
    this.#owner.onChange();
  }

  #record(type: Occurrence["type"], reason: string, message: string): void {
    this.#owner.record({ type, reason, message, fieldPath: `spec.containers{${this.container.name}}` });
  }
}

/** The kubelet names an image's trouble, and spells out a configuration's. */
function waitingEvent(reason: string, message: string): string {
  return reason === "CreateContainerConfigError" ? message : reason;
}
