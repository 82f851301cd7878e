import type { ValuesRequest } from "@stint/crds/attempt";
import { jsonBytes } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { ChannelLost, Refusal } from "../src/channel.ts";
import { Values } from "../src/values.ts";
import { FakeClock, turn } from "./fakes/clock.ts";

const never = new AbortController().signal;

interface Sent extends ValuesRequest {
  readonly atMs: number;
}

function aStream(
  deliver: (nth: number) => Promise<void> = () => Promise.resolve(),
  untilRead = () => Promise.resolve(),
) {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const refusals: unknown[] = [];
  const gateway = { values: (request: ValuesRequest) => deliver(sent.push({ atMs: clock.nowMs(), ...request })) };
  const values = new Values({ gateway, clock, untilRead, refused: (error) => refusals.push(error) });
  return { clock, sent, refusals, values };
}

/** What a reader has who reads every chunk to its end. */
function readable(sent: readonly ValuesRequest[]): unknown[] {
  const chunks = new Map(sent.map(({ chunk, values }) => [chunk, values]));
  return [...chunks].sort(([a], [b]) => a - b).flatMap(([, values]) => values);
}

const unreachable = () => Promise.reject(new ChannelLost("POST values", new Error("connection refused")));

test("the first value goes at once, those after it one second later, with the chunk so far (H13)", async () => {
  const { values, clock, sent } = aStream();

  values.yielded(1);
  await turn();
  values.yielded(2);
  values.yielded(3);
  await clock.advance(5_000);

  expect(sent).toEqual([
    { atMs: 0, chunk: 0, values: [1], sealed: false },
    { atMs: 1_000, chunk: 0, values: [1, 2, 3], sealed: false },
  ]);
});

test("a chunk that has grown large is sealed, and the next one begins (H13)", async () => {
  const { values, clock, sent } = aStream();
  const large = "x".repeat(limits.valuesChunkBytes.enough);

  values.yielded(large);
  await clock.advance(1_000);
  values.yielded(2);
  await clock.advance(1_000);

  expect(sent.map(({ chunk, sealed, values: { length } }) => [chunk, sealed, length])).toEqual([
    [0, true, 1],
    [1, false, 1],
  ]);
});

test("a chunk that was not delivered is sent again, whatever has come since", async () => {
  const { values, clock, sent } = aStream((nth) => (nth === 1 ? unreachable() : Promise.resolve()));

  values.yielded(1);
  await clock.advance(0);
  values.yielded(2);
  await clock.advance(1_000);

  expect(sent.map((each) => each.values)).toEqual([[1], [1, 2]]);
});

test("nobody's values are sent to nobody, and the first reader gets them all (H12)", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { values, clock, sent } = aStream(undefined, () => promise);
  values.yielded(1);
  values.yielded(2);
  await clock.advance(60_000);
  expect(sent).toEqual([]);

  resolve();
  await turn();

  expect(readable(sent)).toEqual([1, 2]);
});

test("a refusal is told and ends the sending, not the attempt (H15)", async () => {
  const refusal = new Refusal({ code: "InvalidRequest", message: "values are not kept: exceeded quota" });
  const { values, clock, sent, refusals } = aStream(() => Promise.reject(refusal));

  values.yielded(1);
  await clock.advance(1_000);
  values.yielded(2);
  await clock.advance(1_000);
  await values.flush(never);

  expect(refusals).toEqual([refusal]);
  expect(sent).toHaveLength(1);
});

test("a gateway that stays away ends the flush as it ends every call", async () => {
  const { values } = aStream(unreachable);
  values.yielded(1);
  await turn();

  await expect(values.flush(never)).rejects.toBeInstanceOf(ChannelLost);
});

test("whatever is yielded, and whenever, is delivered in order by the flush, at most once a second before (S24)", async () => {
  const size = fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 80_000 }), fc.nat({ max: 500_000 }));
  const step = fc.record({ size, waitMs: fc.constantFrom(0, 0, 300, 2_000), isLost: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const losses = steps.map(({ isLost }) => isLost);
      const { values, clock, sent } = aStream(() => (losses.pop() === true ? unreachable() : Promise.resolve()));
      for (const [at, { size, waitMs }] of steps.entries()) {
        values.yielded(`${at}${"x".repeat(size)}`);
        await clock.advance(waitMs);
      }
      losses.length = 0;
      const paced = sent.length;
      await values.flush(never);

      expect(readable(sent)).toEqual(steps.map(({ size }, at) => `${at}${"x".repeat(size)}`));
      expect(Math.max(0, ...sent.map((each) => jsonBytes(each.values)))).toBeLessThanOrEqual(
        limits.valuesChunkBytes.max,
      );
      const gaps = sent.slice(0, paced).map(({ atMs }, at) => atMs - (sent[at - 1]?.atMs ?? -1_000));
      expect(Math.min(1_000, ...gaps)).toBe(1_000);
    }),
    { numRuns: 60 },
  );
});
