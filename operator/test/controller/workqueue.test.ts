import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";

import { WorkQueue } from "../../src/controller/workqueue.ts";
import { FakeClock } from "../fakes/clock.ts";
import { freshMetrics, valueOf } from "../fakes/telemetry.ts";

let clock: FakeClock;
let queue: WorkQueue;

beforeEach(() => {
  clock = new FakeClock();
  queue = queueOn(clock);
});

function queueOn(on: FakeClock, metrics = freshMetrics()): WorkQueue {
  return new WorkQueue({ name: "runs", clock: on, random: () => 0, metrics });
}

/** Works until the queue is drained. */
async function worker(on: WorkQueue, reconcile: (key: string) => Promise<void>): Promise<void> {
  for (let key = await on.get(); key !== undefined; key = await on.get()) {
    await reconcile(key);
    on.done(key);
  }
}

describe("one worker per key", () => {
  test("a waiting key added again is one entry", async () => {
    for (const key of ["a", "b", "a", "a"]) queue.add(key);

    expect(queue.length).toBe(2);
    expect([await queue.get(), await queue.get()]).toEqual(["a", "b"]);
  });

  test("a key added while it is held runs once more, and only after it is done", async () => {
    queue.add("a");
    await queue.get();

    queue.add("a");
    queue.add("a");
    expect(queue.length).toBe(0);
    queue.done("a");

    expect(queue.length).toBe(1);
    expect(await queue.get()).toBe("a");
    queue.done("a");
    expect(queue.length).toBe(0);
  });

  test("a worker that waits gets the key that comes", async () => {
    const waiting = queue.get();

    queue.add("a");

    expect(await waiting).toBe("a");
    expect(queue.length).toBe(0);
  });

  test(
    "5,000 adds on 50 keys before 8 workers: no key is ever held twice, and none is forgotten",
    { timeout: 60_000 },
    async () => {
      const held = new Set<string>();
      let overlaps = 0;
      let looks = 0;
      const added = new Map<string, number>();
      const seen = new Map<string, number>();
      const working = Array.from({ length: 8 }, () =>
        worker(queue, async (key) => {
          if (held.has(key)) overlaps++;
          held.add(key);
          looks++;
          seen.set(key, added.get(key) ?? 0);
          await clock.sleep(1 + (looks % 3), new AbortController().signal);
          held.delete(key);
        }),
      );

      for (let i = 0; i < 5_000; i++) {
        const key = `ns/${(i * 7919) % 50}`;
        added.set(key, i);
        queue.add(key);
        if (i % 100 === 0) await clock.advance(1);
      }
      await clock.advance(1_000);
      queue.drain();
      await Promise.all(working);

      expect(overlaps).toBe(0);
      expect(seen).toEqual(added);
      expect(looks).toBeLessThan(1_000);
    },
  );
});

describe("later", () => {
  test("the soonest instant wins, whichever was asked for first", async () => {
    queue.addAfter("a", 100);
    queue.addAfter("a", 50);
    queue.addAfter("a", 70);

    await clock.advance(49);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(await queue.get()).toBe("a");
    queue.done("a");

    await clock.advance(1_000);
    expect(queue.length).toBe(0);
  });

  test("an instant that has passed is now", () => {
    queue.addAt("a", new Date(clock.now().getTime() - 1));
    queue.addAt("b", clock.now());

    expect(queue.length).toBe(2);
  });

  test("many keys come in the order of their instants", async () => {
    const delays = Array.from({ length: 500 }, (_, i) => 1 + ((i * 7919) % 997));
    for (const delayMs of delays) queue.addAfter(String(delayMs).padStart(3, "0"), delayMs);
    const order: string[] = [];
    const working = worker(queue, async (key) => void order.push(key));

    await clock.advance(1_000);
    queue.drain();
    await working;

    expect(order).toEqual([...new Set(delays.map((delayMs) => String(delayMs).padStart(3, "0")))].sort());
  });

  test("an instant that was called off is nobody's, and may be set again", async () => {
    queue.addAfter("a", 1000);
    queue.addAfter("b", 1000);
    queue.cancel("a");
    await clock.advance(1000);
    expect(queue.length).toBe(1);
    expect(await queue.get()).toBe("b");

    queue.addAfter("a", 1000);
    queue.cancel("a");
    queue.addAfter("a", 2000);
    await clock.advance(1999);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(await queue.get()).toBe("a");
    expect(queue.length).toBe(0);
  });

  test("a look a day ahead leaves one timer, however often it is put forward and back", async () => {
    for (let i = 0; i < 1_000; i++) {
      queue.addAfter("a", 86_400_000 - i);
      queue.addAfter("a", 1);
      await clock.advance(1);
      await queue.get();
      queue.done("a");
    }

    expect(clock.sleeping).toBeLessThanOrEqual(1);
    queue.drain();
    expect(clock.sleeping).toBe(0);
  });
});

describe("failure", () => {
  test("a key that fails starts again after 5, 10, 20 … ms, and at most after five minutes", async () => {
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) {
      queue.addRateLimited("a");
      waits.push(clock.sleeps.at(-1) ?? NaN);
      await clock.advance(300_000);
      await queue.get();
      queue.done("a");
    }

    expect(waits.slice(0, 7)).toEqual([5, 10, 20, 40, 80, 160, 320]);
    expect(waits.slice(-3)).toEqual([300_000, 300_000, 300_000]);
  });

  test("keys that fail together do not come back together", () => {
    let drawn = 0;
    const jittered = new WorkQueue({ name: "q", clock, random: () => (drawn += 0.3), metrics: freshMetrics() });

    for (const key of ["a", "b", "c"]) {
      jittered.addRateLimited(key);
      jittered.addRateLimited(key);
    }
    jittered.drain();

    const shortest = Math.min(...clock.sleeps);
    expect(new Set(clock.sleeps).size).toBeGreaterThan(1);
    expect(shortest).toBeGreaterThan(0);
    expect(shortest).toBeLessThan(5);
  });

  test("success forgets", async () => {
    for (let i = 0; i < 3; i++) {
      queue.addRateLimited("a");
      await clock.advance(1_000);
      await queue.get();
      queue.done("a");
    }

    queue.forget("a");
    queue.addRateLimited("a");

    expect(clock.sleeps).toEqual([5, 10, 20, 5]);
  });
});

describe("the end", () => {
  test("a drained queue lets its workers go, takes nothing and keeps no timer", async () => {
    const waiting = queue.get();
    queue.addAfter("later", 1_000);

    queue.drain();

    expect(await waiting).toBeUndefined();
    queue.add("a");
    queue.addAfter("b", 10);
    queue.addRateLimited("c");
    expect(await queue.get()).toBeUndefined();
    expect(clock.sleeping).toBe(0);
  });

  test("a key held at the end is finished, and does not come again", async () => {
    queue.add("a");
    await queue.get();
    queue.add("a");

    queue.drain();
    queue.done("a");

    expect(await queue.get()).toBeUndefined();
  });
});

test("its metrics tell how many wait, and how long", async () => {
  const metrics = freshMetrics();
  const measured = queueOn(clock, metrics);
  measured.add("a");
  measured.add("a");
  measured.add("b");
  measured.addAfter("c", 1_000);

  await clock.advance(500);
  await measured.get();

  expect(await valueOf(metrics.queueAdds)).toBe(2);
  expect(await valueOf(metrics.queueDepth)).toBe(1);
  expect(await valueOf(metrics.queueDelayed)).toBe(1);
});

type Step =
  | { readonly kind: "add" | "addRateLimited" | "forget"; readonly key: string }
  | { readonly kind: "addAfter"; readonly key: string; readonly ms: number }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "finish"; readonly nth: number };

function steps(): fc.Arbitrary<Step[]> {
  const key = fc.constantFrom("a", "b", "c", "d");
  const ms = fc.integer({ min: 0, max: 50 });
  return fc.array(
    fc.oneof(
      fc.record({ kind: fc.constantFrom("add" as const, "addRateLimited" as const, "forget" as const), key }),
      fc.record({ kind: fc.constant("addAfter" as const), key, ms }),
      fc.record({ kind: fc.constant("advance" as const), ms }),
      fc.record({ kind: fc.constant("finish" as const), nth: fc.nat(3) }),
    ),
    { maxLength: 60 },
  );
}

/** Three workers who finish a look when they are told to, and who remember what they owe. */
class Workshop {
  readonly clock = new FakeClock();
  readonly queue = queueOn(this.clock);
  readonly held: { readonly key: string; readonly finish: () => void }[] = [];
  /** Added, and not looked at since. */
  readonly owed = new Set<string>();
  overlaps = 0;
  readonly #workers = [1, 2, 3].map(() => worker(this.queue, (key) => this.#look(key)));

  async take(step: Step): Promise<void> {
    if (step.kind === "finish") this.finish(step.nth);
    else if (step.kind === "advance") await this.clock.advance(step.ms);
    else if (step.kind === "forget") this.queue.forget(step.key);
    else this.#add(step);
    await this.clock.advance(0);
  }

  finish(nth: number): void {
    for (const { finish } of this.held.splice(nth, 1)) finish();
  }

  async close(): Promise<void> {
    while (this.held.length > 0 || this.queue.length > 0 || this.clock.sleeping > 0) {
      this.finish(0);
      await this.clock.advance(300_000);
    }
    this.queue.drain();
    await Promise.all(this.#workers);
  }

  #add(step: Extract<Step, { readonly kind: "add" | "addRateLimited" | "addAfter" | "forget" }>): void {
    this.owed.add(step.key);
    if (step.kind === "addAfter") this.queue.addAfter(step.key, step.ms);
    else if (step.kind === "add") this.queue.add(step.key);
    else this.queue.addRateLimited(step.key);
  }

  async #look(key: string): Promise<void> {
    if (this.held.some((one) => one.key === key)) this.overlaps++;
    this.owed.delete(key);
    await new Promise<void>((finish) => this.held.push({ key, finish }));
  }
}

test(
  "whatever happens, a key is held once at most, and every add is followed by a look that began after it",
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(steps(), async (history) => {
        const workshop = new Workshop();

        for (const step of history) await workshop.take(step);
        await workshop.close();

        expect(workshop.overlaps).toBe(0);
        expect([...workshop.owed]).toEqual([]);
      }),
      { numRuns: 150 },
    );
  },
);
