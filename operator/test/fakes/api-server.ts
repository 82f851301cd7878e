// A stub API server on loopback. It keeps the law of the object store, speaks HTTP as strictly as the real one, and
// fails on command: a scripted exchange answers in its place, or breaks off.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";

import type { WatchEvent } from "../../src/effects/cluster.ts";
import { refusalOf, replyTo, routeOf, type SeenRequest, selectionOf, statusReply } from "./api-routes.ts";
import { ObjectStore } from "../../../testing/src/memory/object-store.ts";

export interface ApiServerOptions {
  readonly now?: () => Date;
  readonly tls?: { readonly cert: string; readonly key: string; readonly requestCert?: boolean };
}

/** A request that a script answers by hand. */
export interface Exchange {
  readonly request: SeenRequest;
  /** Answers with JSON. */
  readonly reply: (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => void;
  /** Carries the request out and answers nothing. */
  readonly carryOut: () => void;
  /** Begins an answer that is written by hand. */
  readonly stream: (status?: number) => { readonly write: (bytes: string | Buffer) => void; readonly end: () => void };
  /** Breaks the connection, whatever was sent. */
  readonly reset: () => void;
}

type Script = (exchange: Exchange) => void;

export class ApiServer {
  readonly store: ObjectStore;
  readonly requests: SeenRequest[] = [];
  /** What requests have to carry; absent means that anybody may. */
  token: string | undefined;
  /** Connections that were ever opened. */
  connections = 0;
  onConnection: (socket: Socket) => void = () => {};
  readonly #server: Server;
  readonly #scheme: string;
  readonly #scripts: { readonly verb: SeenRequest["verb"]; readonly script: Script }[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<ServerResponse>();
  #watchChanges: (() => void)[] = [];
  #arrivals: { readonly isDue: () => boolean; readonly resolve: () => void }[] = [];

  private constructor({ now = () => new Date(), tls }: ApiServerOptions) {
    this.store = new ObjectStore(now);
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response);
    this.#server = tls ? createTlsServer({ ...tls, rejectUnauthorized: false }, serve) : createServer(serve);
    this.#scheme = tls ? "https" : "http";
    this.#server.on(tls ? "secureConnection" : "connection", (socket: Socket) => {
      this.connections++;
      this.onConnection(socket);
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    const server = new ApiServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, "localhost", resolve));
    return server;
  }

  get url(): URL {
    return new URL(`${this.#scheme}://localhost:${this.port}`);
  }

  get port(): number {
    const { port } = this.#server.address() as AddressInfo; // it listens on TCP
    return port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The requests of a verb, in order. */
  seen(verb: SeenRequest["verb"]): readonly SeenRequest[] {
    return this.requests.filter((request) => request.verb === verb);
  }

  /** Resolves once this many requests of a verb have come. */
  async untilSeen(verb: SeenRequest["verb"], count = 1): Promise<void> {
    const isDue = () => this.seen(verb).length >= count;
    if (!isDue()) await new Promise<void>((resolve) => this.#arrivals.push({ isDue, resolve }));
  }

  /** Resolves once this many watches are open. */
  async untilWatches(count: number): Promise<void> {
    while (this.#watches.size !== count) await new Promise<void>((resolve) => this.#watchChanges.push(resolve));
  }

  /** The next request of a verb that no script has taken is answered by this one. */
  next(verb: SeenRequest["verb"], script: Script): void {
    this.#scripts.push({ verb, script });
  }

  /** The next such request is answered with a Status. */
  refuseNext(
    verb: SeenRequest["verb"],
    code: number,
    reason = "",
    headers: Readonly<Record<string, string>> = {},
  ): void {
    const { body } = statusReply(code, reason, `scripted ${code}`);
    this.next(verb, ({ reply }) => reply(code, body, headers));
  }

  /** Tells every watcher that asked for bookmarks how far it is. */
  sendBookmarks(): void {
    const object = { metadata: { resourceVersion: this.store.resourceVersion } };
    for (const watch of this.#watches) watch.write(line({ type: "BOOKMARK", object }));
  }

  /** Tells every watcher of an error, and ends. */
  sendErrors(code: number, reason: string): void {
    const { body: object } = statusReply(code, reason, `scripted ${code}`);
    for (const watch of this.#watches) watch.end(line({ type: "ERROR", object }));
  }

  /** Ends every watch cleanly, as at its timeout. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  /** Breaks every connection, in the middle of whatever was on it. */
  resetAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const request = seenRequest(incoming, Buffer.concat(chunks).toString("utf8"));
    this.requests.push(request);
    const index = this.#scripts.findIndex(({ verb }) => verb === request.verb);
    const [scripted] = index < 0 ? [] : this.#scripts.splice(index, 1);
    if (scripted) scripted.script(this.#exchange(request, response));
    else this.#answer(request, response);
    const arrived = this.#arrivals.filter(({ isDue }) => isDue());
    this.#arrivals = this.#arrivals.filter((waiter) => !arrived.includes(waiter));
    for (const { resolve } of arrived) resolve();
  }

  #answer(request: SeenRequest, response: ServerResponse): void {
    if (this.token !== undefined && request.headers["authorization"] !== `Bearer ${this.token}`) {
      return send(response, statusReply(401, "Unauthorized", "Unauthorized"));
    }
    if (request.verb === "watch" && request.resource) return this.#watch(request, response);
    send(response, replyTo(request, this.store));
  }

  #watch({ resource, namespace, query }: SeenRequest, response: ServerResponse): void {
    if (!resource) return;
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const show = ({ type, ...rest }: WatchEvent<object>) => response.write(line({ type, ...rest }));
    try {
      const stop = this.store.watch(resource, selectionOf(namespace, query), query.get("resourceVersion") ?? "", show);
      response.on("close", stop);
    } catch (error) {
      response.end(line({ type: "ERROR", object: refusalOf(error).body }));
      return;
    }
    if (query.get("allowWatchBookmarks") !== "true") return;
    this.#watches.add(response);
    this.#watchesChanged();
    response.on("close", () => {
      this.#watches.delete(response);
      this.#watchesChanged();
    });
  }

  #watchesChanged(): void {
    for (const resolve of this.#watchChanges.splice(0)) resolve();
  }

  #exchange(request: SeenRequest, response: ServerResponse): Exchange {
    return {
      request,
      reply: (status, body, headers = {}) => send(response, { status, body }, headers),
      carryOut: () => void replyTo(request, this.store),
      stream: (status = 200) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.flushHeaders();
        return { write: (bytes) => void response.write(bytes), end: () => void response.end() };
      },
      reset: () => void response.socket?.destroy(),
    };
  }
}

function seenRequest(incoming: IncomingMessage, body: string): SeenRequest {
  const url = new URL(incoming.url ?? "/", "http://stub");
  const method = incoming.method ?? "GET";
  const { headers } = incoming;
  return { method, path: url.pathname, query: url.searchParams, headers, body, ...routeOf(method, url) };
}

function send(
  response: ServerResponse,
  { status, body }: { readonly status: number; readonly body: unknown },
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

function line(event: object): string {
  return `${JSON.stringify(event)}\n`;
}
