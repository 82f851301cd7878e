import { Counter, Registry } from "prom-client";
import { request } from "undici";
import { expect, test } from "vitest";

import { startHealthServer } from "../../src/http/server.ts";

/** Asks on loopback; what is missing can change between two requests. */
async function open(missing: string[] = []) {
  const registry = new Registry();
  new Counter({ name: "stint_reconciles_total", help: "Looks.", registers: [registry] }).inc(3);
  const server = await startHealthServer({ port: 0, registry, notReady: () => missing });
  const ask = async (path: string) => {
    const { statusCode, body, headers } = await request(`http://127.0.0.1:${server.port}${path}`);
    return { status: statusCode, type: headers["content-type"], text: await body.text() };
  };
  return { ask, missing, [Symbol.asyncDispose]: () => server.close() };
}

test("a process lives while its event loop turns, ready or not", async () => {
  await using server = await open(["gateway"]);

  expect(await server.ask("/healthz")).toMatchObject({ status: 200, text: "ok\n" });
});

test("a process is ready when nothing is missing", async () => {
  await using server = await open();

  expect(await server.ask("/readyz")).toMatchObject({ status: 200, text: "ok\n" });
});

test("a process that is not ready says what is missing, and is ready when it is there", async () => {
  await using server = await open(["cache of pods", "gateway"]);

  const before = await server.ask("/readyz");
  server.missing.length = 0;
  const after = await server.ask("/readyz");

  expect(before).toMatchObject({ status: 503, text: "not ready: cache of pods, gateway\n" });
  expect(after.status).toBe(200);
});

test("metrics are served as Prometheus reads them", async () => {
  await using server = await open();

  const { status, type, text } = await server.ask("/metrics");

  expect(status).toBe(200);
  expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text).toContain("stint_reconciles_total 3");
});

test("anything else is not found", async () => {
  await using server = await open();

  expect((await server.ask("/")).status).toBe(404);
});
