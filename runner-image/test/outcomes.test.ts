import type { EventsRequest, EventsResponse, StopNotice } from "@stint/crds/attempt";
import { expect, test } from "vitest";

import { Refusal } from "../src/channel.ts";
import { Outcomes } from "../src/outcomes.ts";
import { Stop } from "../src/stop.ts";
import { aGateway, anOutcome } from "./builders.ts";
import { FakeClock, turn } from "./fakes/clock.ts";
import { rejectionOf } from "./fakes/rejection.ts";

interface Poll {
  readonly request: EventsRequest;
  readonly signal: AbortSignal;
  answer(response: Partial<EventsResponse>): Promise<void>;
  refuse(refusal: Refusal): Promise<void>;
}

/** A gateway that keeps each poll open until the test answers it. */
function aPatientGateway() {
  const polls: Poll[] = [];
  const events = (request: EventsRequest, signal: AbortSignal): Promise<EventsResponse> => {
    const { promise, resolve, reject } = Promise.withResolvers<EventsResponse>();
    signal.addEventListener("abort", () => reject(signal.reason));
    polls.push({
      request,
      signal,
      async answer(response) {
        resolve({ since: `s${polls.length}`, outcomes: [], ...response });
        await turn();
      },
      async refuse(refusal) {
        reject(refusal);
        await turn();
      },
    });
    return promise;
  };
  const open = (): readonly Poll[] => polls.filter(({ signal }) => !signal.aborted);
  const stop = new Stop();
  const clock = new FakeClock();
  return { polls, open, stop, clock, outcomes: new Outcomes(aGateway({ events }), stop, clock) };
}

/** The newest poll, once all that is due has happened. */
async function newest(polls: readonly Poll[]): Promise<Poll> {
  await turn();
  const poll = polls.at(-1);
  if (!poll) throw new Error("nothing is polled");
  return poll;
}

test("nothing is polled while nothing is awaited", async () => {
  const { polls } = aPatientGateway();

  await turn();

  expect(polls).toEqual([]);
});

test("one poll asks for all awaited runs, for at most 30 s (H3)", async () => {
  const { polls, outcomes } = aPatientGateway();

  const awaited = Promise.all(["a", "b", "a"].map((name) => outcomes.of(name)));
  const poll = await newest(polls);
  await poll.answer({ outcomes: [anOutcome("b"), anOutcome("a")] });

  expect(polls.map(({ request }) => request)).toEqual([{ awaiting: ["a", "b"], waitMs: 30_000 }]);
  await expect(awaited).resolves.toEqual([anOutcome("a"), anOutcome("b"), anOutcome("a")]);
});

test("an answer without the outcome is followed by another poll, a moment later and with the gateway's hint (S126)", async () => {
  const { polls, clock, outcomes } = aPatientGateway();
  const awaited = outcomes.of("a");

  await (await newest(polls)).answer({ since: "42" });
  await clock.advance(24);
  expect(polls).toHaveLength(1);
  await clock.advance(1);
  await (await newest(polls)).answer({ outcomes: [anOutcome("a")] });

  expect(polls[1]?.request).toEqual({ awaiting: ["a"], waitMs: 30_000, since: "42" });
  await expect(awaited).resolves.toEqual(anOutcome("a"));
});

test("a run that is awaited later joins: the open poll is dropped and one for both is asked (H3)", async () => {
  const { polls, open, outcomes } = aPatientGateway();
  const awaited = [outcomes.of("a")];
  await newest(polls);

  awaited.push(outcomes.of("b"));
  const poll = await newest(polls);

  expect(open()).toEqual([poll]);
  expect(poll.request.awaiting).toEqual(["a", "b"]);
  await poll.answer({ outcomes: [anOutcome("a"), anOutcome("b")] });
  await expect(Promise.all(awaited)).resolves.toHaveLength(2);
});

test("after the last outcome the poll ends, and a later wait opens a new one", async () => {
  const { polls, open, outcomes } = aPatientGateway();
  const first = outcomes.of("a");
  await (await newest(polls)).answer({ outcomes: [anOutcome("a")] });
  await first;
  expect(open()).toEqual([]);

  const second = outcomes.of("b");
  await (await newest(polls)).answer({ outcomes: [anOutcome("b")] });

  await expect(second).resolves.toEqual(anOutcome("b"));
});

test("a stop notice that comes with the poll stops the attempt, and every wait with it (H4, H5)", async () => {
  const { polls, open, outcomes, stop } = aPatientGateway();
  const notice: StopNotice = { reason: "Canceled", message: "the run is being canceled" };
  const ended = Promise.allSettled([outcomes.of("a"), outcomes.of("b")]);

  await (await newest(polls)).answer({ stop: notice });

  const { reason } = stop.signal;
  expect(stop.notice).toEqual(notice);
  await expect(ended).resolves.toEqual([1, 2].map(() => ({ status: "rejected", reason })));
  expect(open()).toEqual([]);
});

test("after a stop there is no more waiting", async () => {
  const { polls, outcomes, stop } = aPatientGateway();
  stop.begin({ reason: "Disrupted", message: "the node is drained" });

  await expect(outcomes.of("a")).rejects.toThrow("the node is drained");
  expect(polls).toEqual([]);
});

test("the caller's own signal ends his wait alone", async () => {
  const { polls, outcomes } = aPatientGateway();
  const impatience = new AbortController();
  const left = rejectionOf(outcomes.of("a", impatience.signal));
  const patient = outcomes.of("a");
  const poll = await newest(polls);

  impatience.abort("enough");
  await expect(left).resolves.toBe("enough");
  await poll.answer({ outcomes: [anOutcome("a")] });

  await expect(patient).resolves.toEqual(anOutcome("a"));
});

test("when the last one has left, the poll ends", async () => {
  const { polls, open, outcomes } = aPatientGateway();
  const impatience = new AbortController();
  const left = rejectionOf(outcomes.of("a", impatience.signal));
  await newest(polls);

  impatience.abort("enough");
  await left;

  expect(open()).toEqual([]);
});

test("a run that is not found fails its own wait alone (H11)", async () => {
  const missing = new Set(["b", "d"]);
  const answered = (name: string) => (missing.has(name) ? [] : [anOutcome(name)]);
  const events = async ({ awaiting }: EventsRequest): Promise<EventsResponse> => {
    const [unknown] = awaiting.filter((name) => missing.has(name));
    if (unknown) throw new Refusal({ code: "NotFound", message: `task run not found: ${unknown}` });
    return { since: "1", outcomes: awaiting.flatMap(answered) };
  };
  const outcomes = new Outcomes(aGateway({ events }), new Stop(), new FakeClock());

  const ended = await Promise.allSettled(["a", "b", "c", "d", "e"].map((name) => outcomes.of(name)));

  expect(ended).toMatchObject([
    { value: anOutcome("a") },
    { reason: { message: "task run not found: b" } },
    { value: anOutcome("c") },
    { reason: { message: "task run not found: d" } },
    { value: anOutcome("e") },
  ]);
});

test("any other refusal rejects every wait", async () => {
  const { polls, open, outcomes } = aPatientGateway();
  const refusal = new Refusal({ code: "NotCurrent", message: "the attempt is over" });
  const ended = Promise.allSettled([outcomes.of("a"), outcomes.of("b")]);

  await (await newest(polls)).refuse(refusal);

  await expect(ended).resolves.toEqual([1, 2].map(() => ({ status: "rejected", reason: refusal })));
  expect(open()).toEqual([]);
});

test("what runs yield, and readers of this one, are asked for in the same poll (S24, H3)", async () => {
  const { outcomes, polls } = aPatientGateway();
  const start = { attempt: 0, chunk: 0, value: 0 };
  const next = { attempt: 1, chunk: 0, value: 2 };

  const outcome = outcomes.of("a");
  const values = outcomes.valuesOf("b", start);
  const read = outcomes.untilRead();
  const poll = await newest(polls);
  await poll.answer({
    outcomes: [anOutcome("a")],
    streams: [{ name: "b", next, values: [1, 2], after: { value: 0, chunk: 0, attempt: 0 } }],
    isRead: true,
  });

  expect(poll.request).toEqual({
    awaiting: ["a"],
    streams: [{ name: "b", after: start }],
    untilRead: true,
    waitMs: 30_000,
  });
  expect(await Promise.all([outcome, values, read])).toEqual([anOutcome("a"), { next, values: [1, 2] }, undefined]);
});

test("an outcome ends a stream only where the gateway says so, after its values", async () => {
  const { outcomes, polls, clock } = aPatientGateway();
  const after = { attempt: 1, chunk: 0, value: 2 };
  const ended = outcomes.valuesOf("a", after);

  await (await newest(polls)).answer({ outcomes: [anOutcome("a")] });
  await clock.advance(25);
  await (await newest(polls)).answer({ streams: [{ name: "a", after, outcome: anOutcome("a") }] });

  expect(await ended).toEqual({ outcome: anOutcome("a") });
});

test("a stream of a run that the gateway does not find fails those who read it alone (H11)", async () => {
  const { outcomes, polls } = aPatientGateway();
  const refusal = new Refusal({ code: "NotFound", message: "task run not found: b" });
  const lost = rejectionOf(outcomes.valuesOf("b", { attempt: 0, chunk: 0, value: 0 }));
  const read = outcomes.untilRead();

  await (await newest(polls)).refuse(refusal);
  await (await newest(polls)).refuse(refusal);
  await (await newest(polls)).answer({ isRead: true });

  expect(await lost).toBe(refusal);
  await expect(read).resolves.toBeUndefined();
});
