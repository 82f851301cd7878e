// The door: connections, with TLS or without, and errors into Status answers.
//
//   D1. One port takes both, told apart by the first byte. kubectl sends its token by TLS alone; a program on this machine is
//       spared the certificate, which is new at each start.
//   D2. Whoever comes, by whichever way, needs a token: a page in a browser or another user of the machine has none.
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";

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

/** First byte of a TLS handshake; no method of HTTP begins with it. */
const handshake = 22;
const keepAliveTimeout = 90_000;

/** Resolves once connections are taken. Rejects where the port is not to be had. */
export async function listen({ host, port, certificate, route }: ServerOptions): Promise<Listening> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void answer(request, response, route); // it catches everything itself
  };
  const { certificate: cert, key } = certificate;
  const plain = createPlainServer({ keepAliveTimeout }, onRequest);
  const secure = createTlsServer({ cert, key, keepAliveTimeout }, onRequest);
  const sockets = new Set<Socket>();
  const door = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
    socket.once("data", (bytes) => {
      socket.pause();
      socket.unshift(bytes);
      (bytes[0] === handshake ? secure : plain).emit("connection", socket); // D1
      process.nextTick(() => socket.resume());
    });
  });
  await new Promise<void>((resolve, reject) => {
    door.once("error", reject);
    door.listen(port, host, resolve);
  });
  return {
    port: (door.address() as AddressInfo).port, // it listens on a port
    close: () =>
      new Promise((resolve) => {
        door.close(() => resolve());
        sockets.forEach((socket) => socket.destroy());
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
