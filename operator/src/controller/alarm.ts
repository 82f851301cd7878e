// Many instants, one timer. It is set for the soonest, and set anew when a sooner one comes.
import type { Clock } from "../clock.ts";

interface Entry<K> {
  readonly key: K;
  readonly dueMs: number;
}

/** Calls back for each key at the soonest instant that was set for it. */
export class Alarm<K> {
  readonly #clock: Clock;
  readonly #ring: (key: K) => void;
  /** The instant in force for each key. Entries of the heap that say otherwise were overtaken and are skipped. */
  readonly #dueMs = new Map<K, number>();
  readonly #heap: Entry<K>[] = [];
  #timer: { readonly dueMs: number; readonly stop: AbortController } | undefined;

  constructor(clock: Clock, ring: (key: K) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  get size(): number {
    return this.#dueMs.size;
  }

  set(key: K, delayMs: number): void {
    const dueMs = this.#clock.monotonicMs() + delayMs;
    if (dueMs >= (this.#dueMs.get(key) ?? Infinity)) return;
    this.#dueMs.set(key, dueMs);
    push(this.#heap, { key, dueMs });
    this.#sweep();
    this.#arm();
  }

  /** Forgets the key's instant. A timer that was set for it rings for nobody. */
  cancel(key: K): void {
    this.#dueMs.delete(key);
    this.#sweep();
  }

  /** Forgets every instant and stops the timer. */
  clear(): void {
    this.#dueMs.clear();
    this.#heap.length = 0;
    this.#disarm();
  }

  /** Overtaken entries would stay until their instant, a day ahead perhaps, while each look adds another. */
  #sweep(): void {
    if (this.#heap.length < 2 * this.#dueMs.size + 64) return;
    const live = [...this.#dueMs].map(([key, dueMs]) => ({ key, dueMs })).sort((a, b) => a.dueMs - b.dueMs);
    this.#heap.splice(0, Infinity, ...live); // sorted is heaped
  }

  #arm(): void {
    const soonest = this.#heap[0];
    if (!soonest || (this.#timer && this.#timer.dueMs <= soonest.dueMs)) return;
    this.#disarm();
    const stop = new AbortController();
    this.#timer = { dueMs: soonest.dueMs, stop };
    this.#clock.sleep(soonest.dueMs - this.#clock.monotonicMs(), stop.signal).then(
      () => this.#ringDue(),
      () => {}, // disarmed: another timer runs, or none is wanted
    );
  }

  #disarm(): void {
    this.#timer?.stop.abort();
    this.#timer = undefined;
  }

  #ringDue(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (let top = this.#heap[0]; top && top.dueMs <= nowMs; top = this.#heap[0]) {
      pop(this.#heap);
      if (this.#dueMs.get(top.key) !== top.dueMs) continue;
      this.#dueMs.delete(top.key);
      this.#ring(top.key);
    }
    this.#arm();
  }
}

function push<K>(heap: Entry<K>[], entry: Entry<K>): void {
  let index = heap.push(entry) - 1;
  for (let above = (index - 1) >> 1; index > 0; above = (index - 1) >> 1) {
    const parent = heap[above];
    if (!parent || parent.dueMs <= entry.dueMs) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = entry;
}

function pop<K>(heap: Entry<K>[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const below = soonerOf(heap, 2 * index + 1, 2 * index + 2);
    const child = heap[below];
    if (!child || child.dueMs >= last.dueMs) break;
    heap[index] = child;
    index = below;
  }
  heap[index] = last;
}

function soonerOf<K>(heap: readonly Entry<K>[], left: number, right: number): number {
  return (heap[right]?.dueMs ?? Infinity) < (heap[left]?.dueMs ?? Infinity) ? right : left;
}
