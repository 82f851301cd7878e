// Requests to the API server, repeated where that is harmless (S284), on one pool of connections.
//
//   T1. HTTP/1.1 alone: undici 8 offers HTTP/2, and a Go server takes it and is slower for it.
//   T2. Every body is read to its end: a connection returns to its pool only then.
//   T3. Repeated are 408, 429, 5xx and broken connections, 5 times. A write may have been carried out all the same, so
//       every write here can bear its repetition.
import { setTimeout } from "node:timers/promises";

import { Pool, type Dispatcher } from "undici";

import { ClientError, RateLimitError, ServerError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { linesOf } from "./lines.ts";

export interface Request {
  readonly method: "GET" | "POST" | "PATCH";
  /** With its query. */
  readonly path: string;
  readonly body?: object;
  /** Verb and object, with which every error's message begins: `create run default/a`. */
  readonly what: string;
  readonly signal?: AbortSignal;
}

/** Resolves after `ms`; rejects when the signal aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

const timerSleep: Sleep = (ms, signal) => setTimeout(ms, undefined, signal ? { signal } : {});

const repeats = 5;
const firstWaitMs = 250;
const longestWaitMs = 16_000;

/** Below the 90 s after which the API server closes a connection; undici's 4 s would mean a handshake for each request. */
const keepAliveMs = 60_000;

export function backoffMs(failures: number): number {
  return Math.min(firstWaitMs * 2 ** failures, longestWaitMs);
}

export class Transport {
  readonly sleep: Sleep;
  readonly #endpoint: Endpoint;
  readonly #pool: Pool;

  constructor(endpoint: Endpoint, sleep: Sleep = timerSleep) {
    this.sleep = sleep;
    this.#endpoint = endpoint;
    this.#pool = new Pool(endpoint.server.origin, {
      allowH2: false, // T1
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      connect: { timeout: 10_000, ...endpoint.tls },
      headersTimeout: 60_000,
      // Longer than any watch lives: one that falls silent for longer has lost its server.
      bodyTimeout: 330_000,
    });
  }

  /** The body of the answer. Throws what {@link refusal} makes of any other answer than 2xx. */
  async send(request: Request): Promise<unknown> {
    for (let failures = 0; ; failures++) {
      const answer = await this.#try(request);
      if ("body" in answer) return answer.body;
      if (!isPassing(answer.error) || failures >= repeats) throw answer.error;
      await this.sleep(Math.max(backoffMs(failures), answer.retryAfterMs), request.signal);
    }
  }

  /** The lines of an answer that does not end by itself. Not repeated: whoever reads them knows what has been read. */
  async open(request: Request): Promise<AsyncIterable<string>> {
    const { statusCode, headers, body } = await this.#dispatch(request).catch((error: unknown) => {
      request.signal?.throwIfAborted();
      throw brokenConnection(request, error);
    });
    if (statusCode === 200) return linesOf(body);
    throw refusal(request, { statusCode, headers, text: await body.text() });
  }

  async #try(request: Request): Promise<{ body: unknown } | { error: unknown; retryAfterMs: number }> {
    try {
      const { statusCode, headers, body } = await this.#dispatch(request);
      const text = await body.text(); // T2
      if (statusCode < 300) return { body: JSON.parse(text) };
      return { error: refusal(request, { statusCode, headers, text }), retryAfterMs: retryAfterMs(headers) };
    } catch (error) {
      request.signal?.throwIfAborted();
      return { error: brokenConnection(request, error), retryAfterMs: 0 };
    }
  }

  async #dispatch({ method, path, body, signal }: Request): Promise<Dispatcher.ResponseData> {
    const { server, headers } = this.#endpoint;
    return this.#pool.request({
      method,
      path: server.pathname.replace(/\/$/, "") + path, // a server behind a proxy may have a path of its own
      headers: { ...(await headers()), accept: "application/json", ...contentType(method) },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  }
}

/** Whether the same request may do better in a while. */
export function isPassing(error: unknown): boolean {
  return error instanceof ServerError || (error instanceof ClientError && [408, 429].includes(error.statusCode ?? 0));
}

function contentType(method: Request["method"]): Record<string, string> {
  if (method === "GET") return {};
  return { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" };
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Dispatcher.ResponseData["headers"];
  readonly text: string;
}

/** The API server's no as an error: its own sentence, and its `reason` as the code. */
function refusal({ what }: Request, { statusCode, text }: Answer): ClientError | ServerError {
  const { message = `HTTP ${statusCode}`, reason } = parseStatus(text);
  const options = { statusCode, code: reason };
  if (statusCode === 429) return new RateLimitError(`${what}: ${message}`, options);
  return statusCode >= 500
    ? new ServerError(`${what}: ${message}`, options)
    : new ClientError(`${what}: ${message}`, options);
}

function brokenConnection({ what }: Request, cause: unknown): ServerError {
  return new ServerError(`${what}: no answer: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

/** A Kubernetes `Status`; a proxy on the way may have answered with something else. */
function parseStatus(text: string): { readonly message?: string; readonly reason?: string } {
  try {
    const status: unknown = JSON.parse(text);
    return typeof status === "object" && status !== null ? status : {};
  } catch {
    return {};
  }
}

function retryAfterMs(headers: Dispatcher.ResponseData["headers"]): number {
  const seconds = Number(headers["retry-after"] ?? 0);
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}
