// The cluster's time passes several times as fast as this machine's, for everybody alike: devcluster takes this clock, the
// operators and the attempts' processes get preload/warp.cjs. So the waits of a real cluster, the lease's 15 s or a node's 50 s,
// are kept as they are and still fit into a test. On a machine that is busy with other things it passes more slowly: an operator
// that gets no processor for the 10 s of its lease proves nothing.
import { setTimeout as sleep } from "node:timers/promises";

import type { DevclusterOptions } from "@stint/devcluster";

type Clock = NonNullable<DevclusterOptions["clock"]>;

const fastest = 6;
const trialMs = 40;
const trials = 5;

/**
 * How many times as fast as its own this machine can play time now: 6 where it is idle, at least 1. The best of some short trials:
 * what others do for a moment is no reason to play all of a seed slowly.
 */
export function affordableSpeed(): number {
  const share = Math.max(...Array.from({ length: trials }, processorShare));
  return Math.min(fastest, Math.max(1, fastest * share));
}

/** How much of a processor this process gets, from 0 to 1. */
function processorShare(): number {
  const began = performance.now();
  const before = process.cpuUsage();
  let usedMs = 0;
  while (usedMs < trialMs) {
    const { user, system } = process.cpuUsage(before);
    usedMs = (user + system) / 1000;
  }
  return trialMs / (performance.now() - began);
}

export class FastTime implements Clock {
  readonly speed: number;
  readonly #epochMs = Date.now();

  constructor(speed: number) {
    this.speed = speed;
  }

  now(): Date {
    return new Date(this.#epochMs + (Date.now() - this.#epochMs) * this.speed);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleep(ms / this.speed, undefined, { ref: false, ...(signal && { signal }) });
  }

  /** For warp.cjs in a process whose wall clock is wrong by so much. */
  environment(skewMs = 0): Readonly<Record<string, string>> {
    return {
      STINT_CHAOS_SPEED: String(this.speed),
      STINT_CHAOS_EPOCH_MS: String(this.#epochMs),
      STINT_CHAOS_SKEW_MS: String(skewMs),
    };
  }
}
