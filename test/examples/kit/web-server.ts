// What a task's code talks to over HTTP, played by the test: the pods of devcluster are processes of this machine.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

interface WebRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface WebAnswer {
  readonly status: number;
  /** JSON, or bytes as they are; null if absent. */
  readonly body?: unknown;
}

type Answering = (request: WebRequest) => WebAnswer | Promise<WebAnswer>;

/** Answers on a port of its own, until it is disposed of: `await using api = await WebServer.start(…)`. */
export class WebServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(answer: Answering): Promise<WebServer> {
    const server = createServer((request, response) => {
      void (async () => {
        const { url: path = "", headers } = request;
        const { status, body = null } = await answer({ path, headers, body: await text(request) });
        response.writeHead(status).end(body instanceof Uint8Array ? body : JSON.stringify(body));
      })();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new WebServer(server);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // it listens on a port
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
