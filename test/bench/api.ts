// An API server as the bench speaks to it: JSON over a few connections that are kept, and a watch a line at a time. Not client-node,
// whose own work on thousands of objects would be taken from the two cores that are measured.
import { Agent, request, type RequestOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { json, text } from "node:stream/consumers";

import { KubeConfig } from "@kubernetes/client-node";

/** As much of an object as the bench looks at. */
export interface ApiObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly taints?: readonly object[];
    readonly containers?: readonly { readonly env?: readonly { readonly name: string; readonly value?: string }[] }[];
    readonly holderIdentity?: string;
  };
  readonly status?: {
    readonly phase?: string;
    readonly token?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export interface ApiList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly ApiObject[];
}

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "ERROR";
  readonly object: ApiObject;
}

interface Watch {
  readonly onEvent: (event: WatchEvent) => void;
  readonly onEnd: (error: Error) => void;
  readonly signal: AbortSignal;
}

/** Whom to trust, and who we are by a certificate or a header. */
export interface Identity extends Pick<RequestOptions, "ca" | "cert" | "key" | "servername"> {
  readonly authorization?: string;
}

interface Way extends Identity {
  readonly agent: Agent;
  readonly signal?: AbortSignal;
}

/** As the API server wrote it. */
function eventIn(line: string): WatchEvent | undefined {
  try {
    return JSON.parse(line) as WatchEvent;
  } catch {
    return undefined;
  }
}

export class AnswerError extends Error {
  override readonly name = "AnswerError";
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export const userAgent = "stint-bench";
const connections = 32;
/** Below the 90 s after which the API server closes a connection that nobody uses, perhaps while we begin to. */
const idleMs = 30_000;

export class Api {
  readonly server: URL;
  /** PEM of whom it trusts. */
  readonly authority: string;
  readonly #asking: Way;
  readonly #watching: Way;

  constructor(server: URL, identity: Identity) {
    this.server = server;
    this.authority = String(identity.ca);
    this.#asking = { ...identity, agent: new Agent({ keepAlive: true, maxSockets: connections, timeout: idleMs }) };
    this.#watching = { ...identity, agent: new Agent() };
  }

  /** Whom KUBECONFIG names, at another of its server's addresses. */
  static async at(server: URL): Promise<Api> {
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromDefault();
    const identity: RequestOptions = {};
    await kubeconfig.applyToHTTPSOptions(identity);
    const { ca, cert, key } = identity;
    return new Api(server, { ca, cert, key });
  }

  /** The answer's JSON. Throws {@link AnswerError} for every other status than 2xx. */
  async send<T = ApiObject>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<T> {
    const answer = await this.#open(this.#asking, method, path, body);
    const { statusCode = 0 } = answer;
    if (statusCode >= 200 && statusCode < 300) return (await json(answer)) as T; // the caller's word for what it asked
    throw new AnswerError(`${method} ${path}: ${statusCode} ${await text(answer)}`, statusCode);
  }

  /** Whether the object is there. */
  async has(path: string): Promise<boolean> {
    try {
      await this.send("GET", path);
      return true;
    } catch (error) {
      if (error instanceof AnswerError && error.status === 404) return false;
      throw error;
    }
  }

  /** Follows a list from now on, until the signal; `onEnd` is told if it can be followed no further. */
  async watch(path: string, watch: Watch): Promise<void> {
    const { metadata } = await this.send<ApiList>("GET", path);
    await this.#watchFrom(metadata.resourceVersion, path, watch);
  }

  /** Goes on where it was when it is cut off: the API server does that to whoever is slow for a moment. */
  async #watchFrom(version: string, path: string, watch: Watch): Promise<void> {
    const { onEvent, onEnd, signal } = watch;
    let seen = version;
    const from = `${path}?watch=1&timeoutSeconds=7200&resourceVersion=${version}`;
    const answer = await this.#open({ ...this.#watching, signal }, "GET", from);
    if (answer.statusCode !== 200)
      throw new AnswerError(`watch ${path}: ${await text(answer)}`, answer.statusCode ?? 0);
    const lines = createInterface(answer);
    lines.on("line", (line) => {
      const event = eventIn(line);
      if (!event) return; // cut off in the middle of it: it comes again
      if (event.type === "ERROR") return onEnd(new Error(`watch ${path}: ${line}`));
      seen = event.object.metadata.resourceVersion ?? seen;
      onEvent(event);
    });
    lines.on("error", () => undefined); // a connection that breaks closes its lines as well
    lines.once("close", () => {
      if (!signal.aborted) this.#watchFrom(seen, path, watch).catch(onEnd);
    });
  }

  #open({ authorization, ...way }: Way, method: string, path: string, body?: object): Promise<IncomingMessage> {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      "user-agent": userAgent,
      ...(authorization !== undefined && { authorization }),
      ...(content !== undefined && { "content-type": "application/json" }),
    };
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.server;
      request({ ...way, hostname, port, method, path, headers }, resolve)
        .on("error", reject)
        .end(content);
    });
  }
}
