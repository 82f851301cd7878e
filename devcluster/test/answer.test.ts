// Streams to readers that are slower than what they read.
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { type Output, send } from "../src/answer.ts";

interface Stream {
  readonly output: Output;
  readonly response: ServerResponse;
  readonly reader: IncomingMessage;
  readonly end: () => void;
}

/** A stream whose reader has not read yet. */
async function aStream(): Promise<Stream> {
  const { promise, resolve } = Promise.withResolvers<Omit<Stream, "reader">>();
  const server = createServer((_request, response) => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const write = (output: Output): Promise<void> => {
      resolve({ output, response, end });
      return ended;
    };
    void send({ kind: "stream", contentType: "text/plain", write }, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const request = get({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" }); // it listens on a port
  const [reader] = (await once(request, "response")) as [IncomingMessage];
  return { ...(await promise), reader };
}

const chunk = "x".repeat(1_000_000);

test("a reader that lags costs one listener, however many lines wait for it, and gets them all", async () => {
  const { output, response, reader, end } = await aStream();

  const written = Promise.all(Array.from({ length: 20 }, () => output.write(chunk)));
  const listeners = response.listenerCount("drain");
  let bytes = 0;
  reader.on("data", (data: Buffer) => (bytes += data.length));
  await written;
  end();
  await once(reader, "end");

  expect(listeners).toBeLessThanOrEqual(2); // ours, and Node's own
  expect(bytes).toBe(20 * chunk.length);
});

test("a reader that leaves ends the wait of whoever writes to it", async () => {
  const { output, reader, end } = await aStream();

  const written = Promise.all(Array.from({ length: 20 }, () => output.write(chunk)));
  reader.destroy();

  await written;
  expect(output.signal.aborted).toBe(true);
  end();
});
