import type { StopNotice } from "@stint/crds/attempt";
import { expect, test } from "vitest";

import { ChannelLost } from "../src/channel.ts";
import { stopAtSigterm } from "../src/signals.ts";
import { Stop } from "../src/stop.ts";
import { turn } from "./fakes/clock.ts";

const canceled: StopNotice = { reason: "Canceled", message: "the run is being canceled" };

async function terminate(stopNotice: () => Promise<StopNotice | undefined>, stop = new Stop()): Promise<Stop> {
  const terminated = new AbortController();
  stopAtSigterm(terminated.signal, { stopNotice }, stop);
  terminated.abort();
  await turn();
  return stop;
}

test("at SIGTERM the attempt stops for the reason that the gateway gives (S169)", async () => {
  const stop = await terminate(() => Promise.resolve(canceled));

  expect(stop.notice).toEqual(canceled);
  expect(stop.signal.reason).toMatchObject({ name: "CanceledError", message: canceled.message });
});

test.each([
  { given: "a gateway that knows of no stop", answer: () => Promise.resolve(undefined) },
  { given: "no answer", answer: () => Promise.reject(new ChannelLost("POST events", undefined)) },
])("with $given the cluster is the reason (S169)", async ({ answer }) => {
  const stop = await terminate(answer);

  expect(stop.signal.reason).toMatchObject({ name: "DisruptionError" });
});

test("a SIGTERM that came before the attempt counts", async () => {
  const stop = new Stop();

  stopAtSigterm(AbortSignal.abort(), { stopNotice: () => Promise.resolve(canceled) }, stop);
  await turn();

  expect(stop.notice).toEqual(canceled);
});

test("the first notice stands", async () => {
  const stop = new Stop();
  stop.begin({ reason: "TimedOut", message: "too long" });

  await terminate(() => Promise.resolve(canceled), stop);

  expect(stop.notice).toMatchObject({ reason: "TimedOut" });
  expect(stop.signal.reason).toMatchObject({ name: "TimeoutError" });
});
