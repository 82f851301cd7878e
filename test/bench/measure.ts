// One measure: so many runs of one peer, all at once or at a rate, followed from trigger to status by the bench's own watches. All
// instants are those of one clock, when this process learned of them: what the API server takes to tell is in every figure.
import { setTimeout as sleep } from "node:timers/promises";

import type { Api, ApiObject } from "./api.ts";
import type { Life } from "./figures.ts";
import { type Peer, podsPath } from "./peers.ts";

/** Nothing new for so long, and the measure has failed. */
const patienceMs = 120_000;
/** Requests at a time where all runs are triggered at once. */
const triggersAtOnce = 16;

export interface Load {
  readonly api: Api;
  readonly peer: Peer;
  readonly namespace: string;
  readonly runs: number;
  /** Runs a second; absent: all at once. */
  readonly rate?: number;
  /** Distinguishes the measures of one namespace. */
  readonly prefix: string;
}

/** Triggers the runs and follows them to their end. Throws if one fails, or if they stand still. */
export async function follow(load: Load): Promise<readonly Life[]> {
  const watching = new AbortController();
  const lives = new Lives(load);
  try {
    await watchPeer(load, lives, watching.signal);
    await trigger(load, lives);
    await lives.end();
    return lives.all();
  } finally {
    watching.abort();
  }
}

async function watchPeer({ api, peer, namespace }: Load, lives: Lives, signal: AbortSignal): Promise<void> {
  const onEnd = (error: Error): void => lives.fail(error);
  await api.watch(pathIn(namespace, podsPath), {
    onEvent: ({ type, object }) => lives.seePod(type, object),
    onEnd,
    signal,
  });
  if (!peer.end) return;
  await api.watch(pathIn(namespace, peer.path), { onEvent: ({ object }) => lives.seeOwner(object), onEnd, signal });
}

async function trigger(load: Load, lives: Lives): Promise<void> {
  const names = Array.from({ length: load.runs }, (_, index) => `${load.prefix}-${index}`);
  const one = async (name: string): Promise<void> => {
    lives.trigger(name);
    const { api, peer, namespace } = load;
    const made = await api.send("POST", pathIn(namespace, peer.path), peer.body(name));
    if (peer.byHand) await byHand(load, lives, made, peer.byHand);
  };
  if (load.rate === undefined) {
    const worker = async (): Promise<void> => {
      for (let name = names.shift(); name !== undefined; name = names.shift()) await one(name);
    };
    await Promise.all(Array.from({ length: triggersAtOnce }, worker));
    return;
  }
  const began = performance.now();
  const sent: Promise<void>[] = [];
  for (const [index, name] of names.entries()) {
    await sleep(Math.max(0, began + (index * 1000) / load.rate - performance.now()));
    sent.push(one(name));
  }
  await Promise.all(sent);
}

/** Makes the run's pod, and writes its end down when the pod's is seen. */
async function byHand(
  { api, peer, namespace }: Load,
  lives: Lives,
  run: ApiObject,
  { pod, ended }: NonNullable<Peer["byHand"]>,
): Promise<void> {
  const { name } = run.metadata;
  lives.onPodEnd(name, () => {
    api
      .send("PUT", `${pathIn(namespace, peer.path)}/${name}/status`, ended(run))
      .catch((error: Error) => lives.fail(error));
  });
  await api.send("POST", pathIn(namespace, podsPath), pod(name));
}

function pathIn(namespace: string, path: string): string {
  return path.replace("{namespace}", namespace);
}

/** What was seen of the runs of one measure. */
class Lives {
  readonly #peer: Peer;
  readonly #runs: number;
  readonly #lives = new Map<string, { -readonly [Key in keyof Life]?: Life[Key] }>();
  readonly #atPodEnd = new Map<string, () => void>();
  #ended = 0;
  #failure: Error | undefined;
  #lastNewsMs = performance.now();

  constructor({ peer, runs }: Load) {
    this.#peer = peer;
    this.#runs = runs;
  }

  trigger(name: string): void {
    this.#lives.set(name, { triggeredMs: performance.now() });
  }

  onPodEnd(name: string, act: () => void): void {
    this.#atPodEnd.set(name, act);
  }

  seePod(type: string, pod: ApiObject): void {
    const name = this.#peer.ownerOf(pod) ?? "";
    const life = this.#lives.get(name);
    if (!life || type === "DELETED") return;
    life.podCreatedMs ??= this.#now();
    const { phase } = pod.status ?? {};
    if (phase === "Failed") this.fail(new Error(`pod ${pod.metadata.name} has failed`));
    if (phase !== "Succeeded" || life.podEndedMs !== undefined) return;
    life.podEndedMs = this.#now();
    this.#atPodEnd.get(name)?.();
    if (!this.#peer.end) this.#settle(life, life.podEndedMs);
  }

  seeOwner(object: ApiObject): void {
    const life = this.#lives.get(object.metadata.name);
    const end = this.#peer.end?.(object) ?? "open";
    if (!life || end === "open") return;
    if (end === "failed") this.fail(new Error(`${object.metadata.name} has failed`));
    this.#settle(life, this.#now());
  }

  fail(error: Error): void {
    this.#failure ??= error;
  }

  /** Resolves when all runs have ended and all of their pods' ends were seen. */
  async end(): Promise<void> {
    while (this.#ended < this.#runs || this.#isPodMissing()) {
      if (this.#failure) throw this.#failure;
      const isStill = performance.now() - this.#lastNewsMs > patienceMs;
      if (isStill) throw new Error(`${this.#ended} of ${this.#runs} have ended, and nothing more happens`);
      await sleep(20);
    }
  }

  all(): readonly Life[] {
    return [...this.#lives.values()] as Life[]; // whole since end()
  }

  #settle(life: { statusMs?: number }, atMs: number): void {
    if (life.statusMs !== undefined) return;
    life.statusMs = atMs;
    this.#ended += 1;
  }

  /** The two watches are two connections: the status may be seen before the pod. */
  #isPodMissing(): boolean {
    return [...this.#lives.values()].some(({ podEndedMs }) => podEndedMs === undefined);
  }

  #now(): number {
    this.#lastNewsMs = performance.now();
    return this.#lastNewsMs;
  }
}
