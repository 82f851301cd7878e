// A gateway that answers by script, on a real TLS socket: what it is asked, it writes down.
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

import type { GatewayTarget } from "../../src/environment.ts";
import type { Authority } from "./certificates.ts";

const gatewayName = "gateway.stint.test";

export interface Received {
  readonly call: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
  /** Which TLS connection it came on, counted from 1. */
  readonly connection: number;
}

type Reply =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** No answer, ever. */
  | "silence"
  /** The connection is cut. */
  | "cut";

type Script = Reply | ((received: Received, nth: number) => Reply | Promise<Reply>);

export interface StubGatewayOptions {
  readonly authority: Authority;
  /** In its certificate. */
  readonly name?: string;
}

export class StubGateway implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #server: Server;
  readonly #ca: string;
  readonly #scripts = new Map<string, Script>();
  readonly #arrivals = new EventTarget();
  #otherwise: Script = { status: 404, body: { code: "NotFound", message: "no script" } };
  #connections = 0;

  static async start({ authority, name = gatewayName }: StubGatewayOptions): Promise<StubGateway> {
    const server = createServer(authority.issue(name));
    const gateway = new StubGateway(server, authority.ca);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return gateway;
  }

  private constructor(server: Server, ca: string) {
    this.#server = server;
    this.#ca = ca;
    const numbers = new WeakMap<object, number>();
    server.on("secureConnection", (socket) => numbers.set(socket, ++this.#connections));
    server.on("request", (request, response) => {
      void this.#answer(request, response, numbers.get(request.socket) ?? 0);
    });
  }

  get target(): GatewayTarget {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    return { host: address.address, port: address.port, name: gatewayName, ca: this.#ca };
  }

  /** How a call such as `GET assignment` is answered from now on; without a script it is 404. */
  on(call: string, script: Script): this {
    this.#scripts.set(call, script);
    return this;
  }

  /** How calls without a script are answered. */
  otherwise(script: Script): this {
    this.#otherwise = script;
    return this;
  }

  to(call: string): readonly Received[] {
    return this.received.filter((received) => received.call === call);
  }

  /** Resolves once the call has arrived so often. */
  async arrived(call: string, times = 1): Promise<Received> {
    for (;;) {
      const last = this.to(call)[times - 1];
      if (last) return last;
      await once(this.#arrivals, "request");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse, connection: number): Promise<void> {
    const body = await text(request);
    const call = `${request.method} ${request.url?.replace("/attempt/v1/", "")}`;
    const { authorization } = request.headers;
    const received = { call, authorization, body: body === "" ? undefined : JSON.parse(body), connection };
    this.received.push(received);
    this.#arrivals.dispatchEvent(new Event("request"));
    const script = this.#scripts.get(call) ?? this.#otherwise;
    const reply = typeof script === "function" ? await script(received, this.to(call).length) : script;
    if (reply === "silence") return;
    if (reply === "cut") request.socket.destroy();
    else response.writeHead(reply.status, reply.headers).end(toText(reply.body));
  }
}

function toText(body: unknown): string | undefined {
  return typeof body === "string" || body === undefined ? body : JSON.stringify(body);
}
