import { once } from "node:events";
import { Agent, request } from "node:https";
import { connect as connectTcp, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";

import { limits } from "@stint/crds/limits";
import { describe, expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import { aSuccess, namespace } from "../builders.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

test("a body over the limit is answered 413, with its size and the limit (S43)", async () => {
  await using box = await GatewayBox.open();
  const body = aSuccess("x".repeat(limits.requestBytes));
  const bytes = Buffer.byteLength(JSON.stringify(body));

  const answer = await box.post("report", body);

  const message = `request body is ${bytes} bytes, the limit is 6291456 bytes`;
  expect(answer).toMatchObject({ status: 413, body: { code: "TooLarge", message } });
});

test("a body that does not say its size is read up to the limit, and answered 413 with both sizes (S43)", async () => {
  await using box = await GatewayBox.open();
  const socket = await connected(box);
  const chunk = "x".repeat(1_048_576);

  socket.write(await head(box, "Transfer-Encoding: chunked"));
  for (let sent = 0; sent <= limits.requestBytes; sent += chunk.length) socket.write(`100000\r\n${chunk}\r\n`);

  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  expect(answer).toContain("request body is more than 6291456 bytes, the limit is 6291456 bytes");
});

describe("a slow caller is cut off (S293)", () => {
  const soon = { lookMs: 10 };

  test("that does not shake hands", async () => {
    await using box = await GatewayBox.open({ patience: { ...soon, handshakeMs: 50 } });
    const socket = connectTcp({ host: "127.0.0.1", port: box.port });

    await expect(cutOff(socket)).resolves.toBe("");
  });

  test.each(["", "POST /attempt/v1/report HTTP/1.1\r\nHost: a\r\nAuthoriz"])(
    "that does not come to the end of its headers: %j",
    async (begun) => {
      await using box = await GatewayBox.open({ patience: { ...soon, headersMs: 50 } });
      const socket = await connected(box);

      socket.write(begun);

      await expect(cutOff(socket)).resolves.toMatch(/^HTTP\/1.1 408 /);
    },
  );

  test("that does not come to the end of its body, though its token is good", async () => {
    await using box = await GatewayBox.open({ patience: { ...soon, headersMs: 50, requestMs: 50 } });
    const socket = await connected(box);

    socket.write(`${await head(box, "Content-Length: 1000")}{`);

    await expect(cutOff(socket)).resolves.toMatch(/^HTTP\/1.1 408 /);
  });
});

/** A connection of a client that looks at no certificate. */
async function connected(box: GatewayBox): Promise<TLSSocket> {
  const socket = connectTls({ host: "127.0.0.1", port: box.port, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  return socket;
}

async function head(box: GatewayBox, header: string): Promise<string> {
  const lines = ["Host: a", `Authorization: Bearer ${await box.token()}`, "Content-Type: application/json", header];
  return `POST /attempt/v1/report HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** What the gateway said before it closed the connection: we never do. */
async function cutOff(socket: Socket): Promise<string> {
  const said = text(socket);
  await once(socket, "close");
  return said;
}

test.each([
  { given: "no JSON", path: "report", raw: "{" },
  { given: "nothing", path: "report", raw: "" },
  { given: "another kind of report", path: "report", raw: '{"kind":"crashed"}' },
  {
    given: "a reason that runners do not give",
    path: "report",
    raw: JSON.stringify({ ...aSuccess(), kind: "failed" }),
  },
  { given: "a wait over 30 s", path: "events", raw: '{"awaiting":[],"waitMs":30001}' },
  { given: "no starts", path: "children", raw: '{"starts":[]}' },
  { given: "a start without a number", path: "children", raw: '{"starts":[{"task":{"name":"square"}}]}' },
  { given: "no input", path: "runs", raw: '{"task":"math/square"}' },
  { given: "tasks without a signature", path: "tasks", raw: '{"tasks":[{"name":"square"}]}' },
])("a body with $given for POST $path is answered 400", async ({ path, raw }) => {
  await using box = await GatewayBox.open();

  const answer = await box.post(path, undefined, { raw });

  expect(answer).toMatchObject({ status: 400, body: { code: "InvalidRequest", message: expect.stringMatching(/./) } });
  expect(box.cluster.writes.filter(({ resource }) => resource !== "secrets")).toEqual([]);
});

test("a value nested deeper than can be hashed is answered 400, and not 503 for ever", async () => {
  await using box = await GatewayBox.open();
  const raw = `{"kind":"succeeded","startedAt":"2026-01-01T00:00:01Z","value":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;

  const answer = await box.post("report", undefined, { raw });

  expect(answer).toMatchObject({ status: 400, body: { message: "value: is nested deeper than 1000 levels" } });
});

test("an endpoint that does not exist is answered 404, to pods alone", async () => {
  await using box = await GatewayBox.open();

  const toPod = await box.get("no-such-endpoint");
  const toNobody = await box.get("no-such-endpoint", { token: undefined });

  expect(toPod).toMatchObject({ status: 404, body: { code: "NotFound" } });
  expect(toNobody.status).toBe(401);
});

test("an error of the API server reaches the runner as 503 without its words", async () => {
  await using box = await GatewayBox.open();
  box.cluster.failNext("get", taskRuns, new Error("etcd at 10.0.0.7 said something private"));

  const answer = await box.get("assignment");

  expect(answer).toMatchObject({ status: 503, body: { code: "Unavailable", message: "the gateway failed" } });
});

test("a renewed certificate is served without a restart, under the same authority", async () => {
  await using box = await GatewayBox.open();
  const before = await servedCertificate(box);

  await box.clock.advance(3 * 86_400_000);
  while (box.clock.sleeping === 0) await nextTurn(); // making a key takes real time
  const after = await servedCertificate(box);

  expect(after.fingerprint).not.toBe(before.fingerprint);
  expect(after.issuer).toEqual(before.issuer);
});

test("closing lets a report in flight finish", async () => {
  await using box = await GatewayBox.open();
  let closed: Promise<void> | undefined;
  box.cluster.beforeNext("replaceStatus", taskRuns, () => {
    closed = box.close();
  });

  const answer = await box.post("report", aSuccess(16));
  await closed;

  expect(answer.status).toBe(200);
  expect(box.cluster.peek(taskRuns, { namespace, name: "square-4" })?.status).toHaveProperty("result", 16);
  expect(box.clock.sleeping).toBe(0);
});

test("closing cuts off what is left when its time is up", async () => {
  await using box = await GatewayBox.open();
  const stuck = Promise.withResolvers<void>();
  box.cluster.get = () => {
    stuck.resolve();
    return new Promise(() => {}); // an API server that says nothing
  };
  const answer = box.get("assignment").catch((error: unknown) => error);
  await stuck.promise;
  const patience = new AbortController();

  const closed = box.close(patience.signal);
  patience.abort();
  await closed;

  expect(await answer).toBeInstanceOf(Error);
});

/** What a client is shown that looks at it without verifying. */
function servedCertificate(box: GatewayBox): Promise<{ fingerprint: string; issuer: object }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ fingerprint: string; issuer: object }>();
  const agent = new Agent({ maxCachedSessions: 0, rejectUnauthorized: false });
  const asked = request({ agent, host: "127.0.0.1", port: box.port, path: "/" }, (response) => {
    const { fingerprint256, issuer } = (response.socket as TLSSocket).getPeerCertificate(); // https gives no other
    response.resume();
    agent.destroy();
    resolve({ fingerprint: fingerprint256, issuer });
  });
  asked.on("error", reject);
  asked.end();
  return promise;
}
