import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type AnsweredRequest, KubernetesCluster } from "../../src/effects/kubernetes.ts";
import { events, leases, nodes, pods, taskRuns } from "../../src/effects/resources.ts";
import { ApiError, type ApiReason } from "../../src/errors.ts";
import { ApiServer } from "../fakes/api-server.ts";
import { statusReply } from "../fakes/api-routes.ts";
import { hurriedTime } from "../fakes/hurried-time.ts";

let server: ApiServer;
let cluster: KubernetesCluster;
let time: ReturnType<typeof hurriedTime>;
let answered: AnsweredRequest[];

beforeEach(async () => {
  server = await ApiServer.start();
  time = hurriedTime();
  answered = [];
  cluster = new KubernetesCluster({
    connection: { server: server.url, tls: async () => ({}), headers: async () => ({ authorization: "Bearer t" }) },
    time,
    random: () => 0,
    userAgent: "stint-operator/0.1.0",
    observer: { throttled: () => {}, answered: (request) => answered.push(request) },
  });
});

afterEach(async () => {
  await cluster.close();
  await server.close();
});

const aRun = { metadata: { name: "square-4" }, spec: { task: "math/square", input: [null, { a: null }] } };
const ref = { namespace: "team-a", name: "square-4" };

describe("what goes over the wire", () => {
  test("a create of our own kind is strict about fields and says who asks", async () => {
    const created = await cluster.create(taskRuns, "team-a", aRun);

    expect(created.metadata.uid).toBe("uid-1");
    const [request] = server.requests;
    expect(request?.path).toBe("/apis/stint.dev/v1alpha1/namespaces/team-a/taskruns");
    expect(request?.query.get("fieldValidation")).toBe("Strict");
    expect(request?.headers).toMatchObject({ authorization: "Bearer t", "user-agent": "stint-operator/0.1.0" });
    expect(JSON.parse(request?.body ?? "")).toEqual({ apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", ...aRun });
  });

  test("a pod passes through untouched, fields that no type knows included", async () => {
    const pod = { metadata: { name: "a" }, spec: { containers: [{ name: "task", someNewField: [1] }] } };

    const created = await cluster.create(pods, "team-a", pod);

    expect(server.requests[0]?.query.size).toBe(0);
    expect(created.spec).toEqual(pod.spec);
  });

  test("a status is written whole, in a minimal object, and keeps the user's nulls", async () => {
    const { metadata } = await cluster.create(taskRuns, "team-a", aRun);

    const status = { phase: "Succeeded", result: { a: null } };
    const written = await cluster.replaceStatus(taskRuns, metadata, status);

    expect(written.status).toEqual(status);
    expect(written.spec).toEqual(aRun.spec);
    const { uid, resourceVersion } = metadata;
    expect(server.requests[1]?.path).toBe("/apis/stint.dev/v1alpha1/namespaces/team-a/taskruns/square-4/status");
    expect(JSON.parse(server.requests[1]?.body ?? "")).toEqual({
      apiVersion: "stint.dev/v1alpha1",
      kind: "TaskRun",
      metadata: { ...ref, uid, resourceVersion },
      status,
    });
  });

  test("a list of Kubernetes' own kinds comes without their kind, and gets it back", async () => {
    server.store.create(pods, "team-a", { metadata: { name: "a", labels: { app: "x" } }, spec: {} });
    server.store.create(pods, "team-b", { metadata: { name: "b" }, spec: {} });

    const everywhere = await cluster.list(pods, {});
    const selected = await cluster.list(pods, {
      namespace: "team-a",
      labelSelector: "app=x,other notin (1)",
      limit: 1,
    });

    expect(everywhere.items.map(({ kind, apiVersion, metadata }) => [kind, apiVersion, metadata.name])).toEqual([
      ["Pod", "v1", "a"],
      ["Pod", "v1", "b"],
    ]);
    expect(selected.items).toHaveLength(1);
    expect(selected.continue).toBeUndefined();
    expect(server.requests.map(({ path }) => path)).toEqual(["/api/v1/pods", "/api/v1/namespaces/team-a/pods"]);
  });

  test("a list of metadata alone asks for it, and has the kind that it is a list of", async () => {
    server.next("list", ({ request, reply }) => {
      const items = [{ apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata", metadata: { name: "a" } }];
      reply(200, { kind: request.headers["accept"], metadata: { resourceVersion: "1" }, items });
    });

    const { items } = await cluster.list(pods, { metadataOnly: true });

    expect(items).toEqual([{ apiVersion: "v1", kind: "Pod", metadata: { name: "a" } }]);
    expect(server.requests.map(({ headers, query }) => [headers["accept"], query.size])).toEqual([
      ["application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", 0],
    ]);
  });

  test("a list of metadata alone has no items where it is empty, and is an empty one", async () => {
    server.next("list", ({ reply }) => reply(200, { metadata: { resourceVersion: "1" }, items: null }));

    expect(await cluster.list(pods, { metadataOnly: true })).toEqual({ items: [], resourceVersion: "1" });
  });

  test("a page says where the next one begins", async () => {
    for (const name of ["a", "b", "c"]) server.store.create(nodes, undefined, { metadata: { name } });

    const first = await cluster.list(nodes, { limit: 2 });
    const second = await cluster.list(nodes, { limit: 2, continue: first.continue ?? "" });

    expect([first, second].map(({ items }) => items.length)).toEqual([2, 1]);
    expect(second.continue).toBeUndefined();
    expect(second.resourceVersion).toBe(first.resourceVersion);
  });

  test("a replace carries its version, and a stale one is a conflict", async () => {
    const lease = await cluster.create(leases, "stint", { metadata: { name: "leader" }, spec: {} });
    const renewed = await cluster.replace(leases, { ...lease, spec: { holderIdentity: "me" } });

    const stale = cluster.replace(leases, { ...lease, spec: { holderIdentity: "you" } });

    expect(renewed.spec).toEqual({ holderIdentity: "me" });
    await expect(stale).rejects.toMatchObject({ reason: "conflict", status: 409 });
  });

  test("instants of a Lease or an Event have six digits, and the API server refuses three", async () => {
    const body = { metadata: { name: "e" }, eventTime: "2026-01-01T00:00:00.000Z" };

    const milliseconds = cluster.create(events, "team-a", body);

    await expect(milliseconds).rejects.toMatchObject({ reason: "badRequest", status: 400 });
  });

  test("a collection is deleted by selector alone", async () => {
    server.store.create(pods, "team-a", { metadata: { name: "a", labels: { done: "yes" } }, spec: {} });
    server.store.create(pods, "team-a", { metadata: { name: "b" }, spec: {} });

    await cluster.deleteCollection(pods, "team-a", { labelSelector: "done in (yes)", gracePeriodSeconds: 0 });

    expect(server.store.all(pods).map(({ metadata }) => metadata.name)).toEqual(["b"]);
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
      apiVersion: "v1",
      kind: "DeleteOptions",
      gracePeriodSeconds: 0,
    });
  });
});

describe("a delete", () => {
  test("names the uid, and ends the object", async () => {
    const { metadata } = await cluster.create(taskRuns, "team-a", aRun);

    await cluster.delete(taskRuns, ref, { uid: metadata.uid, propagationPolicy: "Background" });

    expect(server.store.find(taskRuns, ref)).toBeUndefined();
    expect(JSON.parse(server.requests[1]?.body ?? "")).toMatchObject({
      preconditions: { uid: metadata.uid },
      propagationPolicy: "Background",
    });
  });

  test("spares a namesake, and is content: the object it meant is gone", async () => {
    server.store.create(taskRuns, "team-a", aRun);

    await cluster.delete(taskRuns, ref, { uid: "of-an-earlier-one" });

    expect(server.store.find(taskRuns, ref)).toBeDefined();
  });

  test("of what is gone already is content too", async () => {
    await cluster.delete(taskRuns, ref, { uid: "uid-1" });

    expect(server.seen("delete")).toHaveLength(1);
  });

  test("against a version is a conflict once the object has changed", async () => {
    const { metadata } = await cluster.create(taskRuns, "team-a", aRun);
    server.store.replaceStatus(taskRuns, metadata, { phase: "Running" });

    const stale = cluster.delete(taskRuns, ref, { uid: metadata.uid, resourceVersion: metadata.resourceVersion });

    await expect(stale).rejects.toMatchObject({ reason: "conflict" });
  });
});

describe("the API server's no, in our words", () => {
  const quota = 'pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4';
  const account =
    'pods "a" is forbidden: error looking up service account x/default: serviceaccount "default" not found';

  test.each<{ code: number; reason: string; message: string; expected: ApiReason }>([
    { code: 400, reason: "BadRequest", message: "no", expected: "badRequest" },
    { code: 401, reason: "Unauthorized", message: "no", expected: "unauthorized" },
    { code: 403, reason: "Forbidden", message: "no", expected: "forbidden" },
    { code: 403, reason: "Forbidden", message: quota, expected: "quotaExceeded" },
    { code: 403, reason: "Forbidden", message: account, expected: "serviceAccountMissing" },
    { code: 404, reason: "NotFound", message: "no", expected: "notFound" },
    { code: 405, reason: "MethodNotAllowed", message: "no", expected: "badRequest" },
    { code: 409, reason: "Conflict", message: quota, expected: "conflict" },
    { code: 409, reason: "AlreadyExists", message: "no", expected: "alreadyExists" },
    { code: 410, reason: "Expired", message: "no", expected: "gone" },
    { code: 413, reason: "RequestEntityTooLarge", message: "no", expected: "tooLarge" },
    { code: 415, reason: "UnsupportedMediaType", message: "no", expected: "badRequest" },
    { code: 422, reason: "Invalid", message: "no", expected: "invalid" },
    { code: 429, reason: "TooManyRequests", message: "no", expected: "tooManyRequests" },
  ])("$code $reason → $expected", async ({ code, reason, message, expected }) => {
    const { body } = statusReply(code, reason, message);
    server.next("create", ({ reply }) => reply(code, body));
    server.next("create", ({ reply }) => reply(code, body)); // a 401 is asked again, once

    const error = await failureOf(cluster.create(pods, "team-a", { metadata: { name: "a" }, spec: {} }));

    expect(error).toMatchObject({ reason: expected, status: code, serverMessage: message });
    expect(error.message).toBe(`create pod team-a/a: ${message}`);
  });

  test("a proxy's answer is no Status: the code alone decides", async () => {
    server.next("get", ({ stream }) => {
      const { write, end } = stream(404);
      write("<html>not here</html>");
      end();
    });

    const error = await failureOf(cluster.get(pods, { namespace: "team-a", name: "a" }));

    expect(error).toMatchObject({ reason: "notFound", status: 404 });
  });

  test("the caller's own stop is passed on as it is", async () => {
    const stop = new AbortController();
    const why = new Error("the lease is lost");
    server.next("create", () => stop.abort(why));

    const create = cluster.create(pods, "team-a", { metadata: { generateName: "a-" } }, { signal: stop.signal });

    await expect(create).rejects.toBe(why);
  });
});

describe("connections", () => {
  test("a hundred requests, half of them refused, pin none: every body is read to its end", async () => {
    for (let i = 0; i < 100; i++) {
      if (i % 2) server.refuseNext("get", 404);
      await cluster.get(pods, { name: "none" }).catch(() => undefined);
    }

    expect(server.requests).toHaveLength(100);
    expect(server.connections).toBeLessThanOrEqual(8);
  });

  test("a hundred requests at once share eight, and a watch has its own", async () => {
    server.store.create(nodes, undefined, { metadata: { name: "n" } });
    const stop = new AbortController();
    const watching = drained(cluster.watch(nodes, watchFrom(stop.signal)));
    await server.untilSeen("watch");

    await Promise.all(Array.from({ length: 100 }, () => cluster.get(nodes, { name: "n" })));

    expect(server.connections).toBe(8 + 1);
    stop.abort(new Error("enough"));
    await expect(watching).rejects.toThrow("enough");
  });

  test("each watch takes a new one, so that watches move when API servers come and go", async () => {
    for (let count = 1; count <= 3; count++) {
      const watching = drained(cluster.watch(nodes, watchFrom()));
      await server.untilWatches(1);
      server.endWatches();
      await watching;
      await server.untilWatches(0);
    }

    expect(server.connections).toBe(3);
  });

  test("every try is told to whoever counts", async () => {
    server.refuseNext("get", 500);
    server.next("get", ({ reset }) => reset());

    await failureOf(cluster.get(pods, ref));

    expect(answered.map(({ verb, resource, status }) => [verb, resource, status])).toEqual([
      ["get", "pods", 500],
      ["get", "pods", undefined],
      ["get", "pods", 404],
    ]);
  });
});

describe("a watch", () => {
  test("tells events and bookmarks in order, and ends when the API server ends it", async () => {
    const from = server.store.resourceVersion;
    const watching = drained(cluster.watch(pods, watchFrom(new AbortController().signal, from)));
    await server.untilSeen("watch");

    const { metadata } = server.store.create(pods, "team-a", { metadata: { name: "a" }, spec: {} });
    server.store.replaceStatus(pods, metadata, { phase: "Running" });
    server.store.remove(pods, metadata);
    server.sendBookmarks();
    server.endWatches();

    const seen = await watching;
    expect(seen.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]);
    expect(seen.at(-1)).toEqual({ type: "BOOKMARK", resourceVersion: server.store.resourceVersion });
    const { query } = server.seen("watch")[0] ?? { query: new URLSearchParams() };
    expect(Object.fromEntries(query)).toEqual({
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: from,
      timeoutSeconds: "300",
    });
  });

  test.each([
    {
      given: "an ERROR event",
      text: `${JSON.stringify({ type: "ERROR", object: { code: 410 } })}\n`,
      expected: "gone",
    },
    { given: "a line cut off", text: '{"type":"ADDED"', expected: "unavailable" },
    { given: "something that is no JSON", text: "<html>\n", expected: "unavailable" },
  ])("$given → $expected", async ({ text, expected }) => {
    server.next("watch", ({ stream }) => {
      const { write, end } = stream();
      write(text);
      end();
    });

    const error = await failureOf(drained(cluster.watch(pods, watchFrom())));

    expect(error.reason).toBe(expected);
  });

  test("a broken connection is no clean end", async () => {
    const watching = failureOf(drained(cluster.watch(pods, watchFrom())));
    await server.untilSeen("watch");

    server.resetAll();

    expect(await watching).toMatchObject({ reason: "unavailable", status: undefined });
  });

  test("a refused one is not repeated: whoever watches has a patience of its own", async () => {
    server.refuseNext("watch", 429, "TooManyRequests", { "retry-after": "2" });

    const error = await failureOf(drained(cluster.watch(pods, watchFrom())));

    expect(error).toMatchObject({ reason: "tooManyRequests", retryAfterMs: 2000 });
    expect(server.seen("watch")).toHaveLength(1);
  });

  test("whoever stops reading closes it", async () => {
    server.store.create(pods, "team-a", { metadata: { name: "a" }, spec: {} });

    for await (const event of cluster.watch(pods, watchFrom())) {
      expect(event.type).toBe("ADDED");
      break;
    }
    await server.untilWatches(0);
  });
});

function watchFrom(signal: AbortSignal = new AbortController().signal, resourceVersion = "1") {
  return { resourceVersion, timeoutSeconds: 300, signal };
}

async function drained<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ApiError) return error;
  throw new Error("expected an ApiError", { cause: error });
}
