// What a task's code talks to over HTTP, played by the test: the pods of devcluster are processes of this machine.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import { onTestFinished } from "vitest";

export interface WebRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface WebAnswer {
  readonly status: number;
  readonly json?: unknown;
}

/** Answers on a port of its own until the test has ended; gives the address. */
export async function serve(answer: (request: WebRequest) => WebAnswer | Promise<WebAnswer>): Promise<string> {
  const server = createServer((request, response) => {
    void (async () => {
      const { url: path = "", headers } = request;
      const { status, json = null } = await answer({ path, headers, body: await text(request) });
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  return `http://127.0.0.1:${port}`;
}
