import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { Connection } from "../src/connection.ts";
import type { GatewayTarget } from "../src/environment.ts";
import { anAuthority } from "./fakes/certificates.ts";
import { FakeClock } from "./fakes/clock.ts";
import { rejectionOf } from "./fakes/rejection.ts";
import { StubGateway } from "./fakes/stub-gateway.ts";

const never = new AbortController().signal;
const call = { method: "GET", path: "assignment" } as const;

const authority = anAuthority();
const otherAuthority = anAuthority("stint-other-ca");

let directory: string;
let tokenFile: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "stint-connection-"));
  tokenFile = join(directory, "token");
  await writeFile(tokenFile, "first\n");
});

afterEach(() => rm(directory, { recursive: true }));

function connect(target: GatewayTarget, clock = new FakeClock()): Connection {
  return new Connection({ target, basePath: "/attempt/v1", tokenFile, clock });
}

test("a request carries the token and the JSON body, and the answer comes back as it is", async () => {
  await using gateway = await StubGateway.start({ authority });
  gateway.on("POST report", { status: 503, body: "later", headers: { "retry-after": "2" } });

  const answer = await connect(gateway.target).send({ method: "POST", path: "report", body: { a: 1 } }, 15_000, never);

  expect(answer).toEqual({ status: 503, retryAfterMs: 2_000, text: "later" });
  expect(gateway.received).toMatchObject([{ authorization: "Bearer first", body: { a: 1 } }]);
});

test("each request carries the token that the file holds then", async () => {
  await using gateway = await StubGateway.start({ authority });
  const connection = connect(gateway.target);

  await connection.send(call, 15_000, never);
  await writeFile(tokenFile, "second\n");
  await connection.send(call, 15_000, never);

  expect(gateway.received.map(({ authorization }) => authorization)).toEqual(["Bearer first", "Bearer second"]);
});

test("requests share one TLS connection, one after the other", async () => {
  await using gateway = await StubGateway.start({ authority });
  const connection = connect(gateway.target);

  await Promise.all([1, 2, 3].map(() => connection.send(call, 15_000, never)));

  expect(gateway.received.map((received) => received.connection)).toEqual([1, 1, 1]);
});

test("a request's time runs from when it gets the connection (C3)", async () => {
  await using gateway = await StubGateway.start({ authority });
  const first = Promise.withResolvers<{ status: number }>();
  gateway.on("GET assignment", (_, nth) => (nth === 1 ? first.promise : { status: 200 }));
  const clock = new FakeClock();
  const connection = connect(gateway.target, clock);
  const sent = [connection.send(call, 20_000, never), connection.send(call, 15_000, never)];
  await gateway.arrived("GET assignment");

  await clock.advance(19_000);
  first.resolve({ status: 200 });

  await expect(Promise.all(sent)).resolves.toHaveLength(2);
});

test("silence ends when the request's time is over", async () => {
  await using gateway = await StubGateway.start({ authority });
  gateway.on("GET assignment", (_, nth) => (nth === 1 ? "silence" : { status: 200 }));
  const clock = new FakeClock();
  const connection = connect(gateway.target, clock);
  const unanswered = rejectionOf(connection.send(call, 15_000, never));
  await gateway.arrived("GET assignment");

  await clock.advance(15_000);

  await expect(unanswered).resolves.toMatchObject({ message: "no answer within 15000 ms" });
  await expect(connection.send(call, 15_000, never)).resolves.toMatchObject({ status: 200 });
});

test("a cut connection is an error, and the next request gets a new one", async () => {
  await using gateway = await StubGateway.start({ authority });
  gateway.on("GET assignment", (_, nth) => (nth === 1 ? "cut" : { status: 200 }));
  const connection = connect(gateway.target);

  await expect(connection.send(call, 15_000, never)).rejects.toThrow("socket hang up");
  await connection.send(call, 15_000, never);

  expect(gateway.received.map((received) => received.connection)).toEqual([1, 2]);
});

test("an abort ends a request in flight and one that waits, with the signal's own reason", async () => {
  await using gateway = await StubGateway.start({ authority });
  gateway.on("GET assignment", "silence");
  const connection = connect(gateway.target);
  const stop = new AbortController();
  const sent = [1, 2].map(() => connection.send(call, 15_000, stop.signal));
  const ended = Promise.allSettled(sent);
  await gateway.arrived("GET assignment");

  stop.abort("stopped");

  await expect(ended).resolves.toEqual([1, 2].map(() => ({ status: "rejected", reason: "stopped" })));
});

test("a certificate for another name is refused, though its CA is ours (C1)", async () => {
  await using gateway = await StubGateway.start({ authority, name: "somebody.else.test" });

  await expect(connect(gateway.target).send(call, 15_000, never)).rejects.toThrow("does not match certificate");
  expect(gateway.received).toEqual([]);
});

test("a certificate of another CA is refused, though its name is right (C1)", async () => {
  await using gateway = await StubGateway.start({ authority: otherAuthority });
  const target = { ...gateway.target, ca: authority.ca };

  await expect(connect(target).send(call, 15_000, never)).rejects.toThrow("unable to verify");
  expect(gateway.received).toEqual([]);
});

test("while a CA is rotated, the old and the new one are trusted (S294)", async () => {
  await using gateway = await StubGateway.start({ authority: otherAuthority });
  const target = { ...gateway.target, ca: `${authority.ca}\n${otherAuthority.ca}\n` };

  await expect(connect(target).send(call, 15_000, never)).resolves.toMatchObject({ status: 404 });
});

test("a token that cannot be read is an error", async () => {
  await using gateway = await StubGateway.start({ authority });
  await rm(tokenFile);

  await expect(connect(gateway.target).send(call, 15_000, never)).rejects.toThrow("ENOENT");
});
