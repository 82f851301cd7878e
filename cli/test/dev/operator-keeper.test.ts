import { expect, test } from "vitest";

import { keepOperator } from "../../src/dev/operator-keeper.ts";
import type { OperatorProcess } from "../../src/dev/operator-process.ts";

type End = Awaited<OperatorProcess["ended"]>;

/** Operators that a test ends; each is ready as soon as it is started, unless it is told to fail. */
class Started {
  readonly operators: OperatorProcess[] = [];
  readonly #ends: ((end: End) => void)[] = [];
  readonly #told: End[] = [];
  isBroken = false;

  readonly start = (): Promise<OperatorProcess> => {
    const { promise: ended, resolve } = Promise.withResolvers<End>();
    this.#ends.push(resolve);
    const operator: OperatorProcess = {
      pid: this.operators.length + 1,
      gatewayPort: 1,
      httpPort: 2,
      ready: this.isBroken
        ? Promise.reject(new Error("the operator ended (1) before it was ready"))
        : Promise.resolve(),
      ended,
      stop: () => Promise.resolve(),
      kill: () => Promise.resolve(),
    };
    this.operators.push(operator);
    return Promise.resolve(operator);
  };

  keep() {
    return keepOperator(this.start, (end) => void this.#told.push(end));
  }

  /** Ends the last one, and answers what has been told once that has had its consequences. */
  async end(end: End): Promise<readonly End[]> {
    this.#ends.at(-1)?.(end);
    await new Promise(setImmediate);
    return this.#told;
  }
}

test("one that ends is told of, and another takes its place", async () => {
  const started = new Started();
  const kept = await started.keep();
  await kept.ready;

  expect(await started.end(1)).toEqual([1]);
  expect(await started.end("SIGKILL")).toEqual([1, "SIGKILL"]);
  expect(started.operators).toHaveLength(3);
  expect(await kept.release()).toBe(started.operators[2]);
});

test("one that ends before it is ready is not replaced, the first time and later", async () => {
  const broken = new Started();
  broken.isBroken = true;
  const later = new Started();

  const first = await broken.keep();
  const second = await later.keep();
  later.isBroken = true;
  await later.end(1);

  await expect(first.ready).rejects.toThrow("before it was ready");
  await expect(first.lost).rejects.toThrow("before it was ready");
  await expect(second.lost).rejects.toThrow("before it was ready");
  expect([broken.operators.length, later.operators.length]).toEqual([1, 2]);
});

test("after the release none is started, and nobody hears of an end", async () => {
  const started = new Started();
  const kept = await started.keep();
  await kept.release();

  expect(await started.end(0)).toEqual([]);
  expect(started.operators).toHaveLength(1);
});
