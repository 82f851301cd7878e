import type { KubernetesObject } from "@stint/crds/kubernetes";
import type { TaskRun } from "@stint/crds/taskrun";
import { isFinished } from "@stint/operator/core/look";
import { isEnded, startedAt } from "@stint/operator/core/outcome";
import { controllerUid, toObservedRun, toOwnedPod } from "@stint/operator/effects/reading";
import { events, pods, type Pod } from "@stint/operator/effects/resources";
import type { RunHandle, TaskRef, TriggerArguments } from "@stint/sdk";
import { triggerThrough } from "@stint/sdk/harness";

import { Client } from "./client.ts";
import { toMs, type Duration } from "./duration.ts";
import { HarnessError } from "./errors.ts";
import { endings, Fault } from "./memory/faults.ts";
import { toSettings, type HarnessOptions } from "./options.ts";
import type { LogLine } from "./process/output.ts";
import { registerBundles } from "./registration.ts";
import { toRunState, type RunState } from "./run-state.ts";
import { World } from "./world.ts";

/** A run by its name, or by anything that has it as `id`. */
export type RunId = string | { readonly id: string };

/** A Kubernetes Event about a run. */
export interface RunEvent {
  readonly type: "Normal" | "Warning";
  /** A published reason: `TaskError`, `NodeLost`, `AwaitingRetry`, … */
  readonly reason: string;
  readonly message: string;
  readonly at: Date;
}

/** Virtual time. Source: S288. */
export interface HarnessClock {
  now(): Date;
  /**
   * Lets time pass: retry waits, timeouts, deadlines, `startAt` and TTLs come due, in their order. All that they cause has
   * happened when it resolves, but for I/O of functions under way, which nobody can wait for without knowing it.
   */
  advance(duration: Duration): Promise<void>;
}

/** The operator, a cluster and the tasks of a test, in this process. Source: S287 to S289. */
export interface Harness extends AsyncDisposable {
  readonly clock: HarnessClock;
  /**
   * Triggers a run and lets time pass until it is over; then tells how it ended, whatever that is.
   *
   * Takes what `task.trigger()` takes, and throws what that throws. Time stands still while a function does anything but
   * wait for its children: one that waits for its signal is to be triggered, and the clock moved by hand.
   */
  run<A extends readonly unknown[], T>(task: TaskRef<A, T>, ...args: TriggerArguments<A>): Promise<RunState<T>>;
  /** Triggers a run, and gives its handle once all has happened that needs no time. `handle.result()` lets time pass. */
  trigger<A extends readonly unknown[], T>(task: TaskRef<A, T>, ...args: TriggerArguments<A>): Promise<RunHandle<T>>;
  /** The run as it stands. Throws a {@link HarnessError} if there is none, or if its TTL is over. */
  get<T>(run: RunHandle<T>): Promise<RunState<T>>;
  get(run: RunId): Promise<RunState>;
  /** All runs, children too, in the order of their creation. */
  runs(): Promise<readonly RunState[]>;
  /** What `kubectl describe` would show, oldest first. */
  events(run: RunId): Promise<readonly RunEvent[]>;
  /** What the code of its attempts has written: by `ctx.log`, by the console, to stdout and stderr. */
  logs(run: RunId): Promise<readonly LogLine[]>;
  /** Ends a run for good. Throws a `ClientError` if it is over, or if there is none (S167). */
  cancel(run: RunId): Promise<void>;
  /**
   * Ends the current attempt's pod as a cluster does, so that the attempt ends with this reason (S289).
   *
   * Between attempts, or before `startAt`, it is the next attempt that ends so, without its function having been entered.
   * Of a pod that is told to end (`Evicted`, `Preempted`, `NodeShutdown`, `PodDeleted`) the function's signal aborts; the
   * others are gone without a word. Either way nobody hears any more what the function does. Throws a
   * {@link HarnessError} for a run that is over, and where a running attempt can no longer end so.
   */
  fail(run: RunId, reason: Fault): Promise<void>;
  /** Ends all functions under way by their signals, and everything else. The tasks stay defined. */
  close(): Promise<void>;
}

/**
 * A harness with these tasks, registered and ready.
 *
 * Throws a {@link HarnessError} for options that are wrong, and for tasks that no cluster would accept. Source: S287.
 *
 * ```ts
 * await using h = await createHarness({ tasks: [square] });
 * expect((await h.run(square, [3])).result).toBe(9);
 * ```
 */
export async function createHarness(options: HarnessOptions): Promise<Harness> {
  const settings = await toSettings(options);
  const world = new World(settings);
  try {
    await world.start();
    await registerBundles(world, settings);
    await world.pacer.advance(settings.now.getTime() - world.clock.now().getTime());
  } catch (error) {
    await world.close();
    throw error;
  }
  return new OpenHarness(world, new Client(world, settings));
}

class OpenHarness implements Harness {
  readonly clock: HarnessClock;
  readonly #world: World;
  readonly #client: Client;

  constructor(world: World, client: Client) {
    this.#world = world;
    this.#client = client;
    this.clock = {
      now: () => world.clock.now(),
      advance: async (duration) => world.pacer.advance(toMs(duration)),
    };
  }

  async run<A extends readonly unknown[], T>(task: TaskRef<A, T>, ...args: TriggerArguments<A>): Promise<RunState<T>> {
    const handle = await this.trigger(task, ...args);
    await handle.details();
    return this.get(handle);
  }

  async trigger<A extends readonly unknown[], T>(
    task: TaskRef<A, T>,
    ...args: TriggerArguments<A>
  ): Promise<RunHandle<T>> {
    this.#world.check();
    return triggerThrough(this.#client, () => task.trigger(...args));
  }

  get<T>(run: RunHandle<T>): Promise<RunState<T>>;
  get(run: RunId): Promise<RunState>;
  async get(run: RunId): Promise<RunState> {
    return toRunState(await this.#find(run));
  }

  async runs(): Promise<readonly RunState[]> {
    await this.#world.pacer.settle();
    return this.#world.runs.all().map((run) => toRunState(run));
  }

  async events(run: RunId): Promise<readonly RunEvent[]> {
    await this.#world.pacer.settle();
    const name = nameOf(run);
    const about = this.#world.hand.peekAll(events).map((event) => event as StoredEvent); // the recorder's own
    return about
      .filter(({ regarding }) => regarding.kind === "TaskRun" && regarding.name === name)
      .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map(({ type, reason, note, eventTime }) => ({ type, reason, message: note, at: new Date(eventTime) }));
  }

  async logs(run: RunId): Promise<readonly LogLine[]> {
    await this.#world.pacer.settle();
    return this.#world.logs.of(nameOf(run));
  }

  async cancel(run: RunId): Promise<void> {
    await this.#world.pacer.settle();
    await this.#client.cancel(nameOf(run));
  }

  async fail(run: RunId, reason: Fault): Promise<void> {
    if (!Object.hasOwn(Fault, reason)) {
      throw new HarnessError(`No pod ends "${reason}". Use one of ${Object.keys(Fault).join(", ")}.`);
    }
    const { pacer, planned, kubelet } = this.#world;
    const found = await this.#find(run);
    const { id, phase } = toRunState(found);
    if (isFinished(toObservedRun(found))) {
      throw new HarnessError(`Run ${id} is over: ${phase}. Call fail() while it is live, or before its startAt.`);
    }
    const pod = this.#livePodOf(found);
    if (!pod) return void planned.set(id, reason);
    if (endings[reason].when === "starting" && startedAt(toOwnedPod(pod))) {
      throw new HarnessError(
        `The attempt of run ${id} is running, and can no longer end ${reason}. Call fail() before it starts: with startAt, or while the run waits for a retry.`,
      );
    }
    await kubelet.end(pod.metadata.uid, reason, () => pacer.settle());
    await pacer.settle();
  }

  close(): Promise<void> {
    return this.#world.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #find(run: RunId): Promise<TaskRun> {
    await this.#world.pacer.settle();
    const found = this.#world.runs.get(nameOf(run));
    if (found) return found;
    throw new HarnessError(
      `There is no run ${nameOf(run)} in this harness. Take the id of what trigger() gives; a run whose TTL is over is gone.`,
    );
  }

  /** The pod in which the current attempt lives. */
  #livePodOf({ metadata: { uid } }: TaskRun): Pod | undefined {
    return this.#world.hand
      .peekAll(pods)
      .find(
        (pod) =>
          controllerUid(pod) === uid && pod.metadata.deletionTimestamp === undefined && !isEnded(toOwnedPod(pod)),
      );
  }
}

/** As the operator's recorder writes them. */
interface StoredEvent extends KubernetesObject {
  readonly regarding: { readonly kind: string; readonly name: string };
  readonly type: RunEvent["type"];
  readonly reason: string;
  readonly note: string;
  readonly eventTime: string;
}

function nameOf(run: RunId): string {
  return typeof run === "string" ? run : run.id;
}
