// The other end of the socket: as much of an API server as a client that creates and watches TaskRuns can tell from a real
// one, and faults on demand.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A TaskRun as it is sent; the stub does not care what is in it. */
export interface StoredRun {
  metadata: { name: string; resourceVersion?: string; [member: string]: unknown };
  spec: { task: string; [member: string]: unknown };
  status?: object;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

/** What happens to a request instead of an answer; `commit` carries it out first. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | string;
  /** Closes the connection without a word. */
  readonly hangUp?: boolean;
  readonly commit?: boolean;
}

interface Answer {
  readonly status: number;
  readonly body: object | string;
}

interface Watcher {
  readonly name: string;
  readonly response: ServerResponse;
}

const collection = /^\/apis\/stint\.dev\/v1alpha1\/namespaces\/([^/]+)\/taskruns(?:\/([^/]+))?$/;

export class StubApiServer implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  readonly runs = new Map<string, StoredRun>();
  /** What answers for other objects than runs, by method and path: `GET /version`. */
  readonly others = new Map<string, (request: SeenRequest) => Answer>();
  readonly #server: Server = createServer((request, response) => void this.#take(request, response));
  readonly #faults: Fault[] = [];
  readonly #watchers = new Set<Watcher>();
  #watched = Promise.withResolvers<void>();
  readonly #left = Promise.withResolvers<void>();
  #version = 100;

  static async start(): Promise<StubApiServer> {
    const stub = new StubApiServer();
    await new Promise<void>((resolve) => stub.#server.listen(0, "127.0.0.1", resolve));
    return stub;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // it listens on a port
    return `http://127.0.0.1:${port}`;
  }

  /** What the next requests meet, in order. */
  fail(...faults: readonly Fault[]): void {
    this.#faults.push(...faults);
  }

  /** Resolves when a watch has begun that had not when this was called last. */
  async watched(): Promise<void> {
    await this.#watched.promise;
    this.#watched = Promise.withResolvers<void>();
  }

  /** Resolves when a watch has ended, whoever ended it. */
  left(): Promise<void> {
    return this.#left.promise;
  }

  /** Stores a status and tells the watchers. */
  setStatus(name: string, status: object): void {
    const run = this.runs.get(name);
    if (!run) throw new Error(`there is no run ${name}`);
    run.status = status;
    this.#store(run);
    this.tell(name, { type: "MODIFIED", object: run });
  }

  delete(name: string): void {
    const object = this.runs.get(name);
    this.runs.delete(name);
    this.tell(name, { type: "DELETED", object });
  }

  /** One event, or some bytes of one, to whoever watches the run. */
  tell(name: string, event: object): void {
    const bytes = Buffer.isBuffer(event) ? event : `${JSON.stringify(event)}\n`;
    for (const watcher of this.#watchers) if (watcher.name === name) watcher.response.write(bytes);
  }

  /** Ends all watches: as their time is up, or as the network breaks. */
  endWatches(how: "cleanly" | "broken"): void {
    for (const { response } of this.#watchers) {
      if (how === "cleanly") response.end();
      else response.destroy();
    }
    this.#watchers.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = await this.#read(request);
    this.seen.push(seen);
    const fault = this.#faults.shift();
    if (fault?.commit === true) this.#answer(seen);
    if (fault?.hangUp === true) request.socket.destroy();
    else if (fault) send(response, { status: 500, body: {}, ...fault });
    else if (seen.query["watch"] === "true") this.#watch(seen, response);
    else send(response, this.#answer(seen));
  }

  async #read(request: IncomingMessage): Promise<SeenRequest> {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding was set
    const text = Buffer.concat(chunks).toString();
    const { method = "GET", headers } = request;
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    return { method, path: pathname, query: Object.fromEntries(searchParams), headers, body };
  }

  #answer(request: SeenRequest): Answer {
    const { method, path, query, body } = request;
    const other = this.others.get(`${method} ${path}`);
    if (other) return other(request);
    const [, , name] = collection.exec(path) ?? [];
    if (method === "POST") return this.#create(structuredClone(body) as StoredRun); // the client's own
    if (method === "GET" && name === undefined) return this.#list(query);
    const run = this.runs.get(name ?? "");
    if (!run) return status(404, "NotFound", `taskruns.stint.dev "${name}" not found`);
    if (method === "PATCH") merge(run.spec, (body as StoredRun).spec); // the client's own
    return { status: 200, body: run };
  }

  #create(run: StoredRun): { status: number; body: object } {
    const { name } = run.metadata;
    if (this.runs.has(name)) return status(409, "AlreadyExists", `taskruns.stint.dev "${name}" already exists`);
    this.#store(run);
    return { status: 201, body: run };
  }

  #list(query: SeenRequest["query"]): { status: number; body: object } {
    const items = [...this.runs.values()].filter(({ metadata }) => [metadata.name, ""].includes(selected(query)));
    return { status: 200, body: { items, metadata: { resourceVersion: `${this.#version}` } } };
  }

  #watch({ query }: SeenRequest, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    this.#watchers.add({ name: selected(query), response });
    response.once("close", () => this.#left.resolve());
    this.#watched.resolve();
  }

  #store(run: StoredRun): void {
    run.metadata.resourceVersion = `${++this.#version}`;
    this.runs.set(run.metadata.name, run);
  }
}

/** A merge patch, as deep as ours go: null takes a member away. */
function merge(spec: StoredRun["spec"], patch: StoredRun["spec"]): void {
  Object.assign(spec, patch);
  for (const [member, value] of Object.entries(patch)) if (value === null) delete spec[member];
}

function selected({ fieldSelector = "" }: SeenRequest["query"]): string {
  return /^metadata\.name=(.*)$/.exec(fieldSelector)?.[1] ?? "";
}

export function status(code: number, reason: string, message: string): { status: number; body: object } {
  return { status: code, body: { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message } };
}

function send(response: ServerResponse, answer: { status: number; body: object | string; headers?: object }): void {
  response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
  response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
}
