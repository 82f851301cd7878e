import { expect, test } from "vitest";

import { Patience } from "../../src/controller/patience.ts";
import { untilAnswered, type UntilAnsweredOptions } from "../../src/controller/until-answered.ts";
import { ApiError } from "../../src/errors.ts";
import { FakeClock } from "../fakes/clock.ts";
import { silentLogger } from "../fakes/telemetry.ts";

const ill = new ApiError("get secret stint-system/stint-gateway-ca: etcd is away", {
  reason: "unavailable",
  status: 500,
});

function optionsWith(clock: FakeClock, signal = new AbortController().signal): UntilAnsweredOptions {
  return { patience: new Patience(() => 0.5), clock, log: silentLogger, signal };
}

test("a replica that begins while the API server is ill asks again, ever more seldom, until it is told", async () => {
  const clock = new FakeClock();
  const answers = [ill, ill, new ApiError("get: slow down", { reason: "tooManyRequests", status: 429 })];
  const asked = untilAnswered(async () => {
    const error = answers.shift();
    if (error) throw error;
    return "told";
  }, optionsWith(clock));

  await clock.advance(800 + 1600 + 3200);

  expect(await asked).toBe("told");
  expect(clock.sleeps).toEqual([800, 1600, 3200]);
});

test("what asking again does not help ends it at once", async () => {
  const clock = new FakeClock();
  const forbidden = new ApiError("get secret: no", { reason: "forbidden", status: 403 });

  await expect(untilAnswered(() => Promise.reject(forbidden), optionsWith(clock))).rejects.toBe(forbidden);
  expect(clock.sleeps).toEqual([]);
});

test("who is stopped meanwhile waits no longer, and leaves no timer behind", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const asked = untilAnswered(() => Promise.reject(ill), optionsWith(clock, stop.signal));
  await clock.advance(0);

  stop.abort(new Error("SIGTERM"));

  await expect(asked).rejects.toThrow("SIGTERM");
  expect(clock.sleeping).toBe(0);
});
