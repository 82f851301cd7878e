import type { ProgressRequest } from "@stint/crds/attempt";
import { limits } from "@stint/crds/limits";

/** Counts work, of one label: what there is to do, and what is done. Source: S146. */
export interface ProgressCounter {
  /** Adds `n` to the total; 1 if absent. */
  add(n?: number): void;
  /** Adds `n` to what is done; 1 if absent. */
  done(n?: number): void;
}

/** `ctx.progress`: call it for a counter, or set one fraction for the whole attempt. Source: S146. */
export interface Progress {
  /** The counter of a label; the same label is the same counter. At most 1000 an attempt, of 256 characters each (S148). */
  (label?: string): ProgressCounter;
  /** How much is done, from 0 to 1; others throw a RangeError. */
  fraction(done: number): void;
}

interface Count {
  readonly total: number;
  readonly done: number;
}

/** As `status.progress` holds it. */
const longestLabel = 256;

/** Every change is handed to `send` with all labels; whoever sends it on chooses the pace. */
export function createProgress(runId: string, send: (update: ProgressRequest) => void): Progress {
  const counts = new Map<string, Count>();

  function count(label: string): Count {
    if (label.length > longestLabel) {
      throw new RangeError(`progress label has ${label.length} characters, the limit is ${longestLabel}`);
    }
    const known = counts.get(label);
    if (!known && counts.size >= limits.progressLabels) {
      throw new Error(`task run ${runId} has more than ${limits.progressLabels} progress labels`);
    }
    return known ?? { total: 0, done: 0 };
  }
  function set(label: string, value: Count): void {
    counts.set(label, value);
    send({ progress: Array.from(counts, ([label, { total, done }]) => ({ label, total, done })) });
  }

  const progress = (label = ""): ProgressCounter => ({
    add(n = 1) {
      const { total, done } = count(label);
      set(label, { total: total + n, done });
    },
    done(n = 1) {
      const { total, done } = count(label);
      set(label, { total, done: done + n });
    },
  });
  function fraction(done: number): void {
    if (!(done >= 0 && done <= 1)) throw new RangeError(`progress fraction must be from 0 to 1, got ${done}`);
    set("", { total: 1, done });
  }
  return Object.assign(progress, { fraction });
}
