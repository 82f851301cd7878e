// The door: TLS, connections, and errors into Status answers.
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";

import { send, sendRefusal } from "./answer.ts";
import type { ServerCertificate } from "./certificates.ts";
import { Refusal } from "./refusal.ts";
import type { Outcome } from "./routes.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly certificate: ServerCertificate;
  readonly route: (request: IncomingMessage) => Promise<Outcome>;
}

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Resolves once connections are taken. Rejects where the port is not to be had. */
export async function listen({ host, port, certificate, route }: ServerOptions): Promise<Listening> {
  const { certificate: cert, key } = certificate;
  const server = createServer({ cert, key, keepAliveTimeout: 90_000 }, (request, response) => {
    void answer(request, response, route); // it catches everything itself
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port, // it listens on a port
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  route: ServerOptions["route"],
): Promise<void> {
  try {
    const outcome = await route(request);
    if (outcome === "unanswered") response.destroy();
    else await send(outcome, response);
  } catch (error) {
    sendRefusal(error instanceof Refusal ? error : internal(error), response);
  }
}

function internal(error: unknown): Refusal {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Refusal(`Internal error occurred: ${why}`, { code: 500, reason: "InternalError" });
}
