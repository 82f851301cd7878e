// Bytes to the API server and back, on undici's pools. Knows HTTP, and nothing of Kubernetes.
//
//   T1. HTTP/1.1 alone: undici 8 offers HTTP/2, a Go server takes it, and it costs half the throughput.
//   T2. Every body is read to its end, error bodies too: a connection returns to its pool only then.
//   T3. A watch owns its connection, so that none waits behind another and none holds up a write, and takes a new one
//       each time: HTTP/1.1 has no GOAWAY, and this is how watches move when API servers come and go.
//   T4. Silence ends: ten seconds for a connection, thirty for an answer, sixty for the headers of a watch.
import type { IncomingHttpHeaders } from "node:http";
import { callbackify } from "node:util";

import { buildConnector, Pool } from "undici";

import type { Connection } from "./connection.ts";

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly body?: object | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default `application/json`; the API server has documents that it serves under another name alone. */
  readonly accept?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface AnswerStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Closes its connection when its reader leaves. */
  readonly body: AsyncIterable<Buffer> & { text(): Promise<string> };
}

export interface TransportOptions {
  readonly userAgent: string;
  /** Connections for requests. Four to eight carry 30,000 requests a second. */
  readonly connections: number;
}

const timeouts = { connectMs: 10_000, tcpKeepAliveMs: 15_000, answerMs: 30_000, watchHeadersMs: 60_000 };

/** Below the 90 s after which the API server closes a connection; undici's 4 s would mean a handshake for each request. */
const keepAliveMs = 60_000;

/** Requests move too, if more slowly: without this they would stick to one API server behind a balancer for ever. */
const requestsPerConnection = 10_000;

export class Transport {
  readonly #connection: Connection;
  readonly #userAgent: string;
  readonly #requests: Pool;
  readonly #watches: Pool;

  constructor(connection: Connection, { userAgent, connections }: TransportOptions) {
    this.#connection = connection;
    this.#userAgent = userAgent;
    const shared: Pool.Options = {
      allowH2: false, // T1
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      connect: connectorTo(connection),
    };
    this.#requests = new Pool(connection.server.origin, {
      ...shared,
      connections,
      maxRequestsPerClient: requestsPerConnection,
      headersTimeout: timeouts.answerMs,
      bodyTimeout: timeouts.answerMs,
    });
    this.#watches = new Pool(connection.server.origin, {
      ...shared,
      headersTimeout: timeouts.watchHeadersMs,
      bodyTimeout: 0, // a quiet watch is not a dead one: the informer's watchdog decides
    });
  }

  /** One request and its whole answer. A refused token is read again and the request repeated once. */
  async send(request: Request): Promise<Answer> {
    const answer = await this.#send(request, false);
    return answer.status === 401 ? this.#send(request, true) : answer;
  }

  /** One request whose answer does not end by itself. */
  async open(request: Request): Promise<AnswerStream> {
    const stream = await this.#dispatch(this.#watches, request, false);
    if (stream.status !== 401) return stream;
    await stream.body.text(); // T2
    return this.#dispatch(this.#watches, request, true);
  }

  /** Ends every connection, whatever is on it. */
  async close(): Promise<void> {
    await Promise.all([this.#requests.destroy(), this.#watches.destroy()]);
  }

  async #send(request: Request, refused: boolean): Promise<Answer> {
    const { status, headers, body } = await this.#dispatch(this.#requests, request, refused);
    return { status, headers, text: await body.text() };
  }

  async #dispatch(pool: Pool, request: Request, refused: boolean): Promise<AnswerStream> {
    const { method, path, body, signal } = request;
    const {
      statusCode,
      headers,
      body: answered,
    } = await pool.request({
      method,
      path: prefixed(this.#connection.server, path),
      signal: signal ?? null,
      reset: pool === this.#watches, // T3
      headers: {
        ...(await this.#connection.headers({ refused })),
        accept: request.accept ?? "application/json",
        "user-agent": this.#userAgent,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: statusCode, headers, body: answered };
  }
}

/** A server behind a proxy may be served under a path of its own. */
function prefixed(server: URL, path: string): string {
  return server.pathname === "/" ? path : server.pathname.replace(/\/$/, "") + path;
}

/** Connects with what the connection's files say now: an authority that was rotated is trusted from the next connection. */
function connectorTo(connection: Connection): buildConnector.connector {
  const identityNow = callbackify(() => connection.tls());
  return (options, callback) =>
    identityNow((error, identity) => {
      if (error) return callback(error, null);
      const { connectMs: timeout, tcpKeepAliveMs: keepAliveInitialDelay } = timeouts;
      const connect = buildConnector({ allowH2: false, timeout, keepAliveInitialDelay, ...identity });
      return connect(options, callback);
    });
}
