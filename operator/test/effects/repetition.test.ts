// What the client sends again, and what it never does: KUBERNETES 1.5, line by line.
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { KubernetesCluster } from "../../src/effects/kubernetes.ts";
import { pods, taskRuns } from "../../src/effects/resources.ts";
import { isApiError } from "../../src/errors.ts";
import { ApiServer } from "../fakes/api-server.ts";
import { hurriedTime } from "../fakes/hurried-time.ts";

let server: ApiServer;
let cluster: KubernetesCluster;
let time: ReturnType<typeof hurriedTime>;
let throttled: number[];

beforeEach(async () => {
  server = await ApiServer.start();
  time = hurriedTime();
  throttled = [];
  cluster = clusterWith({});
});

afterEach(async () => {
  await cluster.close();
  await server.close();
});

function clusterWith(options: { readonly tries?: number; readonly rate?: { perSecond: number; burst: number } }) {
  return new KubernetesCluster({
    connection: { server: server.url, tls: async () => ({}), headers: async () => ({}) },
    time,
    random: () => 0,
    userAgent: "stint-operator/0.1.0",
    observer: { throttled: (waitMs) => throttled.push(waitMs), answered: () => {} },
    ...options,
  });
}

const ref = { namespace: "team-a", name: "a" };
const named = { metadata: { name: "a" }, spec: {} };
const nameless = { metadata: { generateName: "a-" }, spec: {} };

const calls = {
  get: () => cluster.get(pods, ref),
  list: () => cluster.list(pods, {}),
  create: () => cluster.create(pods, "team-a", named),
  createNameless: () => cluster.create(pods, "team-a", nameless),
  replace: () => cluster.replace(pods, stored()),
  replaceStatus: () => cluster.replaceStatus(pods, stored().metadata, { phase: "Running" }),
  delete: () => cluster.delete(pods, ref, { uid: "uid-1" }),
  deleteCollection: () => cluster.deleteCollection(pods, "team-a", { labelSelector: "a=b" }),
};
type CallName = keyof typeof calls;

/** The wire's verb for a call. */
function verbOf(call: CallName) {
  return call === "createNameless" ? "create" : call;
}

function stored() {
  const { metadata, apiVersion, kind } = server.store.find(pods, ref) ?? server.store.create(pods, "team-a", named);
  return { apiVersion, kind, metadata, spec: {} };
}

describe("429, or 503 with Retry-After: it was not carried out", () => {
  test.each(Object.keys(calls) as CallName[])("a %s waits that long and goes again", async (call) => {
    if (call !== "create" && call !== "createNameless") stored();
    server.refuseNext(verbOf(call), 429, "TooManyRequests", { "retry-after": "2" });
    server.refuseNext(verbOf(call), 503, "ServiceUnavailable", { "retry-after": "1" });

    await calls[call]();

    expect(server.seen(verbOf(call))).toHaveLength(3);
    expect(time.waits).toEqual([2000, 1000]);
  });

  test("more patience than ten seconds is left to the queue", async () => {
    server.refuseNext("get", 429, "TooManyRequests", { "retry-after": "11" });

    const call = calls.get();

    await expect(call).rejects.toMatchObject({ reason: "tooManyRequests", retryAfterMs: 11_000 });
    expect(time.waits).toEqual([]);
  });

  test("a 429 that names no time is left to the queue, too", async () => {
    server.refuseNext("get", 429, "TooManyRequests");

    await expect(calls.get()).rejects.toMatchObject({ reason: "tooManyRequests" });
  });
});

describe("no answer: nobody knows whether it was carried out", () => {
  test.each(["get", "list", "create", "replace", "replaceStatus", "delete"] as const)(
    "a %s goes again, since twice is the same as once",
    async (call) => {
      if (call !== "create") stored();
      server.refuseNext(call, 504, "Timeout");
      server.next(call, ({ reset }) => reset());

      await calls[call]();

      expect(server.seen(call)).toHaveLength(3);
      expect(time.waits).toEqual([50, 100]);
    },
  );

  test.each(["createNameless", "deleteCollection"] as const)("a %s does not", async (call) => {
    server.refuseNext(verbOf(call), 500, "InternalError", { "retry-after": "1" });

    await expect(calls[call]()).rejects.toMatchObject({ reason: "unavailable", status: 500 });

    expect(server.seen(verbOf(call))).toHaveLength(1);
  });

  test("a create that was carried out meets its own object", async () => {
    server.next("create", ({ carryOut, reset }) => (carryOut(), reset()));

    await expect(calls.create()).rejects.toSatisfy((error) => isApiError(error, "alreadyExists"));

    expect(server.store.all(pods)).toHaveLength(1);
  });

  test("a status that was written meets its own version", async () => {
    const { metadata } = server.store.create(taskRuns, "team-a", named);
    server.next("replaceStatus", ({ carryOut, reset }) => (carryOut(), reset()));

    const write = cluster.replaceStatus(taskRuns, metadata, { phase: "Running" });

    await expect(write).rejects.toSatisfy((error) => isApiError(error, "conflict"));
    expect(server.store.get(taskRuns, metadata).status).toEqual({ phase: "Running" });
  });

  test("a delete that was carried out is content to find nothing", async () => {
    stored();
    server.next("delete", ({ carryOut, reset }) => (carryOut(), reset()));

    await calls.delete();

    expect(server.store.all(pods)).toEqual([]);
  });

  test("after five tries it is left to the queue", async () => {
    for (let i = 0; i < 5; i++) server.refuseNext("get", 500);

    await expect(calls.get()).rejects.toMatchObject({ reason: "unavailable", status: 500 });

    expect(time.waits).toEqual([50, 100, 200, 400]);
    expect(server.seen("get")).toHaveLength(5);
  });

  test("the Lease's client tries once: the election has a patience of its own", async () => {
    await cluster.close();
    cluster = clusterWith({ tries: 1 });
    server.refuseNext("get", 500);

    await expect(calls.get()).rejects.toMatchObject({ reason: "unavailable" });

    expect(server.seen("get")).toHaveLength(1);
  });

  test("an API server that is not there answers nothing", async () => {
    await server.close();

    await expect(calls.get()).rejects.toMatchObject({ reason: "unavailable", status: undefined });

    server = await ApiServer.start();
  });
});

test("any other no is final: it is asked once", async () => {
  server.refuseNext("create", 422, "Invalid");

  await expect(calls.create()).rejects.toMatchObject({ reason: "invalid" });

  expect(server.seen("create")).toHaveLength(1);
});

test("every try takes a token, and what it waited for it is told", async () => {
  await cluster.close();
  cluster = clusterWith({ rate: { perSecond: 10, burst: 2 } });
  stored();
  server.refuseNext("get", 500);

  await calls.get();
  await calls.get();

  expect(throttled.map((waitMs) => Math.round(waitMs))).toEqual([0, 0, 50]);
});
