// Plain HTTP to whatever a kubeconfig names: nothing between a test and the bytes.
import { readFileSync } from "node:fs";
import { Agent, request as send, type RequestOptions } from "node:https";

import { parse } from "yaml";

/** An object of JSON in an answer: tests look into it as they please. */
// oxlint-disable-next-line typescript/no-explicit-any -- what the server answers is what is tested; no type may get in between
export type Body = any;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Body;
}

export interface RequestInit {
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Instead of the kubeconfig's own; empty: nobody. */
  readonly token?: string;
}

export class Client {
  readonly #server: URL;
  readonly #tls: RequestOptions;
  readonly #token: string | undefined;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(kubeconfig: string) {
    const config = parse(readFileSync(kubeconfig, "utf8"));
    const context = config.contexts.find((one: Body) => one.name === config["current-context"]).context;
    const { cluster } = config.clusters.find((one: Body) => one.name === context.cluster);
    const { user } = config.users.find((one: Body) => one.name === context.user);
    this.#server = new URL(cluster.server);
    this.#token = user.token;
    this.#tls = {
      ca: decoded(cluster["certificate-authority-data"]),
      ...(user["client-certificate-data"] && {
        cert: decoded(user["client-certificate-data"]),
        key: decoded(user["client-key-data"]),
      }),
    };
  }

  get(path: string, init?: RequestInit): Promise<Answer> {
    return this.request("GET", path, init);
  }

  post(path: string, body: unknown, init?: RequestInit): Promise<Answer> {
    return this.request("POST", path, { body, ...init });
  }

  put(path: string, body: unknown, init?: RequestInit): Promise<Answer> {
    return this.request("PUT", path, { body, ...init });
  }

  merge(path: string, body: unknown): Promise<Answer> {
    return this.patch(path, "application/merge-patch+json", body);
  }

  patch(path: string, contentType: string, body: unknown): Promise<Answer> {
    return this.request("PATCH", path, { body, contentType });
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.request("DELETE", path, body === undefined ? {} : { body });
  }

  async request(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const { status, headers, chunks } = await this.open(method, path, init);
    let text = "";
    for await (const chunk of chunks) text += String(chunk);
    return { status, headers, body: parsed(text) };
  }

  /** An answer whose body is read piece by piece; breaking off ends the connection. */
  async open(method: string, path: string, { body, contentType, accept, token }: RequestInit = {}) {
    const bytes = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
    const identity = token === undefined ? this.#tls : { ca: this.#tls.ca };
    const bearer = token ?? this.#token;
    const headers = {
      accept: accept ?? "application/json",
      // Without a length Node sends the body of a DELETE with no frame around it.
      ...(bytes !== undefined && {
        "content-type": contentType ?? "application/json",
        "content-length": String(Buffer.byteLength(bytes)),
      }),
      ...(bearer && { authorization: `Bearer ${bearer}` }),
    };
    const agent = token === undefined ? this.#agent : undefined;
    return new Promise<{
      status: number;
      headers: Answer["headers"];
      chunks: AsyncIterable<unknown> & { destroy(): void };
    }>((resolve, reject) => {
      const options = { method, headers, ...identity, ...(agent && { agent }) };
      const outgoing = send(new URL(path, this.#server), options, (response) => {
        response.setEncoding("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, chunks: response });
      });
      outgoing.once("error", reject);
      outgoing.end(bytes);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString();
}

function parsed(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
