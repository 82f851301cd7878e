// What a request is answered with, before it is bytes.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";

import type { Refusal } from "./refusal.ts";
import type { Target } from "./request.ts";
import type { User } from "./tokens.ts";

export type Answer =
  | {
      readonly kind: "json";
      readonly code: number;
      readonly body: object;
      readonly contentType?: string;
      readonly warnings?: readonly string[];
    }
  | { readonly kind: "text"; readonly code: number; readonly body: string; readonly contentType?: string }
  | { readonly kind: "bytes"; readonly code: number; readonly body: Uint8Array; readonly contentType: string }
  /** A body that ends when it ends; the writer is told when the reader leaves. */
  | { readonly kind: "stream"; readonly contentType: string; readonly write: (output: Output) => Promise<void> };

/** Where a stream goes. */
export interface Output {
  /** Resolves when the reader can take more. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Breaks the connection, so that the reader sees no proper end. */
  break(): void;
  readonly signal: AbortSignal;
}

/** A request whose caller and resource are known. */
export interface Call {
  readonly target: Target;
  readonly user: User;
  readonly request: IncomingMessage;
}

export function json(body: object, code = 200): Answer {
  return { kind: "json", code, body };
}

/** A Status that says yes. */
export function success(details: object, code = 200): Answer {
  return json({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details }, code);
}

/** Sends the answer to its end. */
export async function send(answer: Answer, response: ServerResponse): Promise<void> {
  if (answer.kind === "stream") return sendStream(answer, response);
  const { code, contentType } = answer;
  const body = answer.kind === "json" ? `${JSON.stringify(answer.body)}\n` : answer.body;
  const warnings = answer.kind === "json" ? answer.warnings?.map((text) => `299 - ${JSON.stringify(text)}`) : undefined;
  if (warnings && warnings.length > 0) response.setHeader("warning", warnings);
  response.writeHead(code, {
    "content-type": contentType ?? (answer.kind === "json" ? "application/json" : "text/plain; charset=utf-8"),
  });
  response.end(body);
}

export function sendRefusal(refusal: Refusal, response: ServerResponse): void {
  const { code, retryAfterSeconds } = refusal;
  if (response.headersSent) return void response.destroy();
  response.writeHead(code, {
    "content-type": "application/json",
    ...(retryAfterSeconds !== undefined && { "retry-after": String(retryAfterSeconds) }),
  });
  response.end(`${JSON.stringify(refusal.toStatus())}\n`);
}

async function sendStream({ contentType, write }: Extract<Answer, { kind: "stream" }>, response: ServerResponse) {
  const left = new AbortController();
  response.once("close", () => left.abort());
  response.writeHead(200, { "content-type": contentType });
  response.flushHeaders();
  let drained: Promise<void> | undefined; // one for all that write meanwhile: a watch does not wait between events
  const forget = (): void => void (drained = undefined);
  await write({
    signal: left.signal,
    break: () => response.destroy(),
    write: (chunk) => {
      if (left.signal.aborted || response.write(chunk)) return Promise.resolve();
      drained ??= once(response, "drain", { signal: left.signal }).then(forget, forget);
      return drained;
    },
  });
  response.end();
}
