// One kept-alive HTTPS connection to the gateway: a request goes out, an answer comes back, nothing is repeated.
//
//   C1. We connect to an IP and check the certificate against the gateway's name, under the given CA alone (S294).
//   C2. The token file is read before each request: the kubelet replaces it while we live (S53).
//   C3. Requests wait their turn for the one connection; a request's time runs from when it gets it.
import { readFileSync } from "node:fs";
import { Agent, request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

import type { Clock } from "./clock.ts";
import type { GatewayTarget } from "./environment.ts";

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/attempt/v1/`, with no slash at its front. */
  readonly path: string;
  readonly body?: object;
}

export interface Answer {
  readonly status: number;
  /** What the gateway asked us to wait, if it did. */
  readonly retryAfterMs: number | undefined;
  readonly text: string;
}

export interface ConnectionOptions {
  readonly target: GatewayTarget;
  /** In front of each call's path. */
  readonly basePath: string;
  readonly tokenFile: string;
  readonly clock: Clock;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #agent: Agent;

  constructor(options: ConnectionOptions) {
    const { host, port, name, ca } = options.target;
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, host, port, servername: name, ca }); // C1, C3
  }

  /**
   * Sends one request and reads its whole answer, whatever its status.
   *
   * Rejects with the signal's reason once it is aborted, and with an `Error` if there is no answer within `timeoutMs`
   * of getting the connection, if the connection fails, or if the token cannot be read.
   */
  async send(call: Call, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const ended = new AbortController();
    const request = httpsRequest(
      this.#requestOptions(call),
      (response) => void toAnswer(response).then(resolve, reject),
    );
    const giveUp = (reason: unknown): void => {
      request.destroy();
      reject(reason);
    };
    const limitTime = async (): Promise<void> => {
      await this.#options.clock.sleep(timeoutMs, ended.signal);
      giveUp(new Error(`no answer within ${timeoutMs} ms`));
    };
    request.on("error", giveUp);
    request.once("socket", () => void limitTime().catch(() => {})); // C3; it rejects when the answer came in time
    signal.addEventListener("abort", () => giveUp(signal.reason), { signal: ended.signal });
    request.end(call.body && JSON.stringify(call.body));
    return promise.finally(() => ended.abort());
  }

  #requestOptions({ method, path, body }: Call) {
    const { target, basePath, tokenFile } = this.#options;
    return {
      agent: this.#agent,
      host: target.host,
      port: target.port,
      method,
      path: `${basePath}/${path}`,
      headers: {
        host: target.name,
        authorization: `Bearer ${readFileSync(tokenFile, "utf8").trim()}`, // C2
        ...(body && { "content-type": "application/json" }),
      },
    };
  }
}

async function toAnswer(response: IncomingMessage): Promise<Answer> {
  return {
    status: response.statusCode ?? 0,
    retryAfterMs: parseRetryAfter(response.headers["retry-after"]),
    text: await text(response),
  };
}

/** Whole seconds, the only form that the gateway sends. */
function parseRetryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^[0-9]+$/.test(header) ? Number(header) * 1000 : undefined;
}
