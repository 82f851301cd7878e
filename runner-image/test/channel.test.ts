import * as fc from "fast-check";
import { expect, test } from "vitest";

import { Channel, ChannelLost, fullPatience, Refusal, waitAfterTryMs } from "../src/channel.ts";
import type { Answer } from "../src/connection.ts";
import { FakeClock } from "./fakes/clock.ts";
import { silentLog } from "./fakes/log.ts";
import { rejectionOf } from "./fakes/rejection.ts";

const never = new AbortController().signal;
const call = { method: "POST", path: "report", body: {} } as const;

const refusal = (code: string) => JSON.stringify({ code, message: "no" });
const anAnswer = (status: number, retryAfterMs?: number): Answer => ({ status, retryAfterMs, text: refusal("Some") });
const fine: Answer = { status: 200, retryAfterMs: undefined, text: '{"taken":true}' };

/** A channel to a peer that gives these answers, the last one for ever. */
function aChannel(answers: readonly (Answer | Error)[]) {
  const clock = new FakeClock(() => true);
  const sent: number[] = [];
  const send = async (_: unknown, timeoutMs: number): Promise<Answer> => {
    const answer = answers[Math.min(sent.push(timeoutMs), answers.length) - 1];
    if (!answer || answer instanceof Error) throw answer ?? new Error("no script");
    return answer;
  };
  return { channel: new Channel({ send }, clock, silentLog), waits: clock.skipped, sent };
}

test("a call is given up after 25 tries of 15 s and 303.75 s of waiting (S53)", async () => {
  const { channel, waits, sent } = aChannel([new Error("connection refused")]);

  const lost = await rejectionOf(channel.call(call, fullPatience, never));

  expect(lost).toBeInstanceOf(ChannelLost);
  expect(lost).toMatchObject({ call: "POST report", cause: new Error("connection refused") });
  expect(sent).toEqual(Array.from({ length: 25 }, () => 15_000));
  expect(waits.slice(0, 8)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 16_000]);
  expect(waits).toHaveLength(24);
  expect(waits.reduce((sum, ms) => sum + ms)).toBe(303_750);
});

test.each([300, 400, 403, 404, 409, 413, 422])("an answer %i is final", async (status) => {
  const { channel, sent } = aChannel([{ ...anAnswer(status), text: refusal("KeyConflict") }]);

  const refused = await rejectionOf(channel.call(call, fullPatience, never));

  expect(refused).toBeInstanceOf(Refusal);
  expect(refused).toMatchObject({ code: "KeyConflict", message: "no" });
  expect(sent).toHaveLength(1);
});

test.each([401, 408, 429, 500, 502, 503, 504])("after an answer %i the call is repeated", async (status) => {
  const { channel, waits } = aChannel([anAnswer(status), fine]);

  const body = await channel.call(call, fullPatience, never);

  expect(body).toEqual({ taken: true });
  expect(waits).toEqual([250]);
});

test("a page that something else than a gateway sends is no answer", async () => {
  const { channel } = aChannel([{ ...fine, text: "<html>" }, fine]);

  const body = await channel.call(call, fullPatience, never);

  expect(body).toEqual({ taken: true });
});

test("an answer without a body is undefined", async () => {
  const { channel } = aChannel([{ ...fine, status: 204, text: "" }]);

  await expect(channel.call(call, fullPatience, never)).resolves.toBeUndefined();
});

test("Retry-After shortens a wait", async () => {
  const { channel, waits } = aChannel([...Array.from({ length: 6 }, () => anAnswer(503, 1_000)), fine]);

  await channel.call(call, fullPatience, never);

  expect(waits).toEqual([250, 500, 1_000, 1_000, 1_000, 1_000]);
});

test("no Retry-After uses up the patience sooner, lengthens a wait, or makes a storm of it (C4)", async () => {
  const retryAfterMs = fc.option(fc.constantFrom(0, 1_000, 5_000, 3_600_000), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(fc.array(retryAfterMs, { minLength: 1, maxLength: 40 }), async (wishes) => {
      const { channel, waits } = aChannel(wishes.map((ms) => anAnswer(503, ms)));

      await expect(channel.call(call, fullPatience, never)).rejects.toBeInstanceOf(ChannelLost);

      expect(waits.reduce((sum, ms) => sum + ms)).toBe(fullPatience.waitsMs);
      expect(waits.slice(0, -1).every((ms) => ms >= 250)).toBe(true);
      expect(waits.every((ms, index) => ms <= waitAfterTryMs(index + 1))).toBe(true);
    }),
  );
});

test("a call without patience is tried once", async () => {
  const { channel, sent } = aChannel([anAnswer(503)]);

  await expect(channel.call(call, { timeoutMs: 2_000, waitsMs: 0 }, never)).rejects.toBeInstanceOf(ChannelLost);

  expect(sent).toEqual([2_000]);
});

test("a call with endless patience outlasts the channel's bound: a wait survives an operator that is away (S126)", async () => {
  const { channel, sent } = aChannel([...Array.from({ length: 500 }, () => anAnswer(503)), fine]);

  await channel.call(call, { timeoutMs: 45_000, waitsMs: Infinity }, never);

  expect(sent).toHaveLength(501);
});

test("an abort ends a wait, with the signal's own reason", async () => {
  const clock = new FakeClock();
  const channel = new Channel({ send: () => Promise.resolve(anAnswer(503)) }, clock, silentLog);
  const stop = new AbortController();
  const called = channel.call(call, fullPatience, stop.signal);
  await clock.asleep(250);

  stop.abort(new Error("stopped"));

  await expect(called).rejects.toThrow("stopped");
});
