import type { ProgressRequest } from "@stint/crds/attempt";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { ChannelLost, Refusal } from "../src/channel.ts";
import { Progress } from "../src/progress.ts";
import { aGateway } from "./builders.ts";
import { FakeClock } from "./fakes/clock.ts";

const never = new AbortController().signal;

interface Sent {
  readonly atMs: number;
  readonly request: ProgressRequest;
}

function aProgress(deliver: (nth: number) => Promise<void> = () => Promise.resolve()) {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const failures: unknown[] = [];
  const gateway = aGateway({
    progress: (request) => deliver(sent.push({ atMs: clock.nowMs(), request })),
  });
  return { clock, sent, failures, progress: new Progress(gateway, clock, (error) => failures.push(error)) };
}

const done = (count: number): ProgressRequest => ({ progress: [{ label: "pages", total: 9, done: count }] });
const unreachable = () => Promise.reject(new ChannelLost("POST progress", new Error("connection refused")));

test("the first value goes at once, those after it one second later, as one", async () => {
  const { progress, clock, sent } = aProgress();

  progress.update(done(1));
  progress.update(done(2));
  progress.update({ displayName: "nine pages" });
  await clock.advance(5_000);

  expect(sent).toEqual([
    { atMs: 0, request: done(1) },
    { atMs: 1_000, request: { ...done(2), displayName: "nine pages" } },
  ]);
});

test("a value that was not delivered goes along with the next, where that has none of its own", async () => {
  const failure = Promise.withResolvers<void>();
  const { progress, clock, sent } = aProgress((nth) => (nth === 1 ? failure.promise : Promise.resolve()));
  progress.update({ ...done(1), displayName: "nine pages" });

  progress.update(done(2));
  failure.reject(new ChannelLost("POST progress", new Error("connection refused")));
  await clock.advance(5_000);

  expect(sent.map(({ request }) => request)).toEqual([
    { ...done(1), displayName: "nine pages" },
    { ...done(2), displayName: "nine pages" },
  ]);
});

test("whenever values come, at most one a second is sent, and the last is delivered by the flush (S147)", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 1_500 }), { minLength: 1, maxLength: 20 }),
      async (pausesMs) => {
        const { progress, clock, sent } = aProgress();

        for (const [index, pauseMs] of pausesMs.entries()) {
          progress.update(done(index));
          await clock.advance(pauseMs);
        }
        const paced = sent.map(({ atMs }) => atMs);
        await progress.flush(never);

        expect(paced.every((atMs, index) => index === 0 || atMs - (paced[index - 1] ?? 0) >= 1_000)).toBe(true);
        expect(sent.at(-1)?.request).toEqual(done(pausesMs.length - 1));
      },
    ),
    { numRuns: 50 },
  );
});

test("a flush takes over what is on its way, and does not wait for the second to end", async () => {
  const stuck = Promise.withResolvers<void>();
  const { progress, clock, sent } = aProgress((nth) => (nth === 1 ? stuck.promise : Promise.resolve()));
  progress.update(done(1));

  const flushed = progress.flush(never);
  stuck.reject(new Error("aborted"));
  await flushed;

  expect(sent).toEqual([1, 2].map(() => ({ atMs: 0, request: done(1) })));
  expect(clock.nowMs()).toBe(0);
});

test("a flush of nothing asks nothing", async () => {
  const { progress, sent } = aProgress();

  await progress.flush(never);

  expect(sent).toEqual([]);
});

test("a refused value is dropped, and whoever watches the attempt is told", async () => {
  const refusal = new Refusal({ code: "NotCurrent", message: "the attempt is over" });
  const { progress, clock, sent, failures } = aProgress(() => Promise.reject(refusal));

  progress.update(done(1));
  await clock.advance(5_000);

  expect(failures).toEqual([refusal]);
  expect(sent).toHaveLength(1);
});

test("a refused flush does not hold up the report", async () => {
  const refusal = new Refusal({ code: "InvalidRequest", message: "too many labels" });
  const { progress } = aProgress((nth) => (nth === 1 ? unreachable() : Promise.reject(refusal)));
  progress.update(done(1));

  await expect(progress.flush(never)).resolves.toBeUndefined();
});

test("a flush that no gateway answers is a loss of the channel", async () => {
  const { progress } = aProgress(unreachable);
  progress.update(done(1));

  await expect(progress.flush(never)).rejects.toBeInstanceOf(ChannelLost);
});
