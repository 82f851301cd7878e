// All waiting of one attempt, as one long poll (S293): for outcomes of runs, for what they yield, and for readers of its own.
//
//   H3. There is a poll exactly while something is awaited. It names everything that is, so when a name is added the
//       poll in flight is dropped and asked anew: the gateway answers from the present state, and nothing is missed.
//   H4. The poll also brings the stop notice, long before the kubelet's SIGTERM could.
//   H5. A stop ends all waiting.
//   H10. Between an answer and the next poll passes a moment: the outcomes of a fan-out come in bunches, and a gateway
//       that is leaving answers everybody at once.
//   H11. A run that the gateway does not find fails those who wait for it, and nobody else.
import {
  type EventsRequest,
  type EventsResponse,
  ProtocolCode,
  type RunOutcome,
  type StreamNews,
  type StreamPosition,
} from "@stint/crds/attempt";
import { limits } from "@stint/crds/limits";

import { Refusal } from "./channel.ts";
import type { Clock } from "./clock.ts";
import type { Gateway } from "./gateway.ts";
import type { Stop } from "./stop.ts";

/** Much less than a pod takes to start (H10). */
const pauseMs = 25;

/** What is asked of each poll until it is answered. */
type Question =
  | { readonly kind: "outcome"; readonly name: string }
  | { readonly kind: "values"; readonly name: string; readonly after: StreamPosition }
  | { readonly kind: "reader" };

interface Waiter {
  readonly resolve: (answer: never) => void; // of the kind that was asked for
  readonly reject: (reason: unknown) => void;
}

interface Awaited {
  readonly question: Question;
  readonly waiters: Set<Waiter>;
}

export class Outcomes {
  readonly #gateway: Pick<Gateway, "events">;
  readonly #stop: Pick<Stop, "signal" | "begin">;
  readonly #clock: Clock;
  readonly #awaited = new Map<string, Awaited>();
  #since: string | undefined;
  /** Drops the request in flight; present while there is a poll. */
  #poll: AbortController | undefined;
  #isOutdated = false;

  constructor(gateway: Pick<Gateway, "events">, stop: Pick<Stop, "signal" | "begin">, clock: Clock) {
    this.#gateway = gateway;
    this.#stop = stop;
    this.#clock = clock;
    stop.signal.addEventListener("abort", () => this.#reject(this.#questions(), stop.signal.reason), {
      once: true,
    }); // H5
  }

  /** Resolves with the run's outcome, however long that takes. Rejects with the reason of `signal` or of the stop. */
  of(name: string, signal?: AbortSignal): Promise<RunOutcome> {
    return this.#answerTo({ kind: "outcome", name }, signal);
  }

  /** What comes after a position in what a run yields: waits as {@link of} does. */
  valuesOf(name: string, after: StreamPosition, signal?: AbortSignal): Promise<StreamNews> {
    return this.#answerTo({ kind: "values", name, after }, signal);
  }

  /** Resolves once somebody reads what this run yields. */
  untilRead(): Promise<void> {
    return this.#answerTo({ kind: "reader" });
  }

  async #answerTo<Answer>(question: Question, signal?: AbortSignal): Promise<Answer> {
    this.#stop.signal.throwIfAborted();
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const waiter = { resolve, reject };
    const key = keyOf(question);
    const leave = (): void => reject(signal?.reason);
    this.#add(key, question, waiter);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", leave);
      this.#remove(key, waiter);
    }
  }

  #add(key: string, question: Question, waiter: Waiter): void {
    const known = this.#awaited.get(key);
    if (known) {
      known.waiters.add(waiter);
      return;
    }
    this.#awaited.set(key, { question, waiters: new Set([waiter]) });
    if (!this.#isOutdated) process.nextTick(() => this.#ask()); // once for all questions of this turn
    this.#isOutdated = true;
  }

  #remove(key: string, waiter: Waiter): void {
    const known = this.#awaited.get(key);
    known?.waiters.delete(waiter);
    if (known?.waiters.size === 0) this.#awaited.delete(key);
    if (this.#awaited.size === 0) this.#poll?.abort();
  }

  #ask(): void {
    this.#isOutdated = false;
    this.#poll?.abort(); // H3
    if (this.#awaited.size === 0) return;
    this.#poll = new AbortController();
    void this.#pollOn(this.#poll.signal);
  }

  /** Asks again and again until nothing is awaited, or another poll has taken over. */
  async #pollOn(poll: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([poll, this.#stop.signal]);
    while (!signal.aborted) {
      await this.#request(this.#questions(), limits.eventsWaitMs, signal);
      await this.#clock.sleep(pauseMs, signal).catch(() => {}); // H10; ended early with the poll
    }
  }

  #questions(): readonly Question[] {
    return [...this.#awaited.values()].map(({ question }) => question);
  }

  async #request(questions: readonly Question[], waitMs: number, signal: AbortSignal): Promise<void> {
    const since = this.#since === undefined ? {} : { since: this.#since };
    try {
      this.#take(await this.#gateway.events({ ...toRequest(questions), waitMs, ...since }, signal));
    } catch (error) {
      if (!signal.aborted) await this.#refused(questions, error, signal);
    }
  }

  /** Halves the questions until those whose runs the gateway does not find stand alone (H11). */
  async #refused(questions: readonly Question[], error: unknown, signal: AbortSignal): Promise<void> {
    const isOfSome = questions.length > 1 && error instanceof Refusal && error.code === ProtocolCode.NotFound;
    if (!isOfSome) return this.#reject(questions, error);
    const middle = Math.ceil(questions.length / 2);
    await this.#request(questions.slice(0, middle), 0, signal);
    await this.#request(questions.slice(middle), 0, signal);
  }

  #take({ since, outcomes, streams = [], isRead, stop }: EventsResponse): void {
    this.#since = since;
    for (const outcome of outcomes) this.#answer({ kind: "outcome", name: outcome.name }, outcome);
    for (const { name, after, ...news } of streams) this.#answer({ kind: "values", name, after }, news);
    if (isRead === true) this.#answer({ kind: "reader" }, undefined);
    if (this.#awaited.size === 0) this.#poll?.abort();
    if (stop) this.#stop.begin(stop); // H4
  }

  #answer(question: Question, answer: RunOutcome | StreamNews | undefined): void {
    const key = keyOf(question);
    for (const { resolve } of this.#awaited.get(key)?.waiters ?? []) resolve(answer as never);
    this.#awaited.delete(key);
  }

  #reject(questions: readonly Question[], reason: unknown): void {
    for (const key of questions.map(keyOf)) {
      for (const { reject } of this.#awaited.get(key)?.waiters ?? []) reject(reason);
      this.#awaited.delete(key);
    }
    if (this.#awaited.size === 0) this.#poll?.abort();
  }
}

/** The position in an order of its own: the gateway gives it back as it pleases. */
function keyOf(question: Question): string {
  if (question.kind === "reader") return question.kind;
  if (question.kind === "outcome") return `outcome ${question.name}`;
  const { attempt, chunk, value } = question.after;
  return `values ${question.name} ${attempt} ${chunk} ${value}`;
}

function toRequest(questions: readonly Question[]): Pick<EventsRequest, "awaiting" | "streams" | "untilRead"> {
  const streams = questions.flatMap((each) => (each.kind === "values" ? [{ name: each.name, after: each.after }] : []));
  return {
    awaiting: questions.flatMap((each) => (each.kind === "outcome" ? [each.name] : [])),
    ...(streams.length > 0 && { streams }),
    ...(questions.some(({ kind }) => kind === "reader") && { untilRead: true }),
  };
}
