import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { Client } from "../src/client/client.ts";
import type { RunRequest } from "../src/root-runs.ts";
import { status, StubApiServer, type Fault } from "./fakes/api-server.ts";

let server: StubApiServer;
let client: Client;
/** The waits that were asked for; none of them is waited. */
let waits: number[];

beforeEach(async () => {
  server = await StubApiServer.start();
  waits = [];
  const endpoint = { server: new URL(server.url), namespace: "team-a", tls: {}, headers: () => Promise.resolve({}) };
  client = new Client(endpoint, (ms, signal) => {
    waits.push(ms);
    signal?.throwIfAborted();
    return Promise.resolve();
  });
});
afterEach(() => server[Symbol.asyncDispose]());

const request: RunRequest = { target: { name: "square" }, bundle: "demo", input: [4], options: {}, name: "square-4" };
const never = new AbortController().signal;
const finished = {
  conditions: [
    { type: "Finished", status: "True", reason: "Completed", message: "" },
    { type: "Succeeded", status: "True", reason: "Completed", message: "" },
  ],
  result: null,
};

/** What a list answers while the run is as it is now. */
function aList(): Fault {
  return { status: 200, body: { items: [server.runs.get("square-4")], metadata: { resourceVersion: "1" } } };
}

describe("a request is repeated (S284)", () => {
  test.each([408, 429, 500, 503])("after %d", async (code) => {
    server.fail({ status: code }, { status: code });

    await client.create(request);

    expect(waits).toEqual([250, 500]);
    expect(server.runs.size).toBe(1);
  });

  test("five times, and then its last answer is the error", async () => {
    server.fail(...Array.from({ length: 6 }, () => status(503, "ServiceUnavailable", "not now")));

    await expect(client.create(request)).rejects.toMatchObject({
      name: "ServerError",
      message: "create run square-4: not now",
      statusCode: 503,
    });
    expect(waits).toEqual([250, 500, 1000, 2000, 4000]);
  });

  test("as late as the server asks", async () => {
    server.fail({ status: 429, headers: { "retry-after": "7" } });

    await client.create(request);

    expect(waits).toEqual([7000]);
  });

  test("and RateLimitError if the server goes on asking", async () => {
    server.fail(...Array.from({ length: 6 }, () => status(429, "TooManyRequests", "slow down")));

    await expect(client.create(request)).rejects.toMatchObject({ name: "RateLimitError", statusCode: 429 });
  });

  test("after a broken connection, even if the first one was carried out", async () => {
    server.fail({ hangUp: true, commit: true });

    const run = await client.create(request);

    expect(run.id).toBe("square-4");
    expect(server.seen.map(({ method }) => method)).toEqual(["POST", "POST", "GET"]);
  });

  test("not after another 4xx, whoever answered", async () => {
    server.fail({ status: 403, body: "<html>proxy</html>" });

    await expect(client.create(request)).rejects.toMatchObject({
      name: "ClientError",
      message: "create run square-4: HTTP 403",
    });
    expect(waits).toEqual([]);
  });
});

describe("a wait survives", () => {
  test.each(["cleanly", "broken"] as const)("a watch that ends %s: the present state is read again", async (how) => {
    const run = await client.create(request);
    const outcome = run.outcome(never);

    await server.watched();
    server.endWatches(how);
    await server.watched();
    server.setStatus("square-4", finished);

    expect(await outcome).toMatchObject({ phase: "Succeeded" });
    expect(waits).toEqual([250]);
  });

  test("an end that nobody told: it is found by the next list", async () => {
    const run = await client.create(request);
    const outcome = run.outcome(never);

    await server.watched();
    const stored = server.runs.get("square-4");
    if (stored) stored.status = finished;
    server.endWatches("cleanly");

    expect(await outcome).toMatchObject({ phase: "Succeeded", result: null });
  });

  test("failures without number, as long as some watches begin", async () => {
    const run = await client.create(request);
    const fiveFailures = Array.from({ length: 5 }, () => [
      aList(),
      status(503, "ServiceUnavailable", "not now"),
    ]).flat();

    server.fail(...fiveFailures);
    const outcome = run.outcome(never);
    await server.watched();
    server.fail(...fiveFailures);
    server.endWatches("broken");
    await server.watched();
    server.setStatus("square-4", finished);

    expect(await outcome).toMatchObject({ phase: "Succeeded" });
  });

  test("410, within the stream and as its answer", async () => {
    const run = await client.create(request);
    const outcome = run.outcome(never);

    await server.watched();
    server.tell("square-4", { type: "ERROR", object: { code: 410, reason: "Expired" } });
    await server.watched();
    server.fail(aList(), status(410, "Expired", "too old"));
    server.endWatches("broken");
    await server.watched();
    server.setStatus("square-4", finished);

    expect(await outcome).toMatchObject({ phase: "Succeeded" });
  });
});

describe("a wait ends with", () => {
  test("the outcome, even if the run is removed before anybody has seen it end", async () => {
    const run = await client.create(request);
    const outcome = run.outcome(never);

    await server.watched();
    const stored = server.runs.get("square-4");
    if (stored) stored.status = finished;
    server.delete("square-4");

    expect(await outcome).toMatchObject({ phase: "Succeeded" });
  });

  test("an error if the run is deleted meanwhile", async () => {
    const run = await client.create(request);
    const outcome = run.outcome(never);

    await server.watched();
    server.delete("square-4");

    await expect(outcome).rejects.toMatchObject({ name: "ClientError", message: "task run not found: square-4" });
  });

  test("the refusal if it may not watch", async () => {
    const run = await client.create(request);
    server.fail(aList(), status(403, "Forbidden", "no watching"));

    await expect(run.outcome(never)).rejects.toMatchObject({
      message: "watch run square-4: no watching",
      statusCode: 403,
    });
  });

  test("the failure of the sixth watch in a row that could not begin", async () => {
    const run = await client.create(request);
    server.fail(...Array.from({ length: 6 }, () => [aList(), status(503, "ServiceUnavailable", "not now")]).flat());

    await expect(run.outcome(never)).rejects.toMatchObject({
      name: "ServerError",
      message: "watch run square-4: not now",
    });
    expect(waits).toEqual([250, 500, 1000, 2000, 4000]);
  });

  test("the reason of its signal, and the watch with it", async () => {
    const caller = new AbortController();
    const run = await client.create(request);
    const outcome = run.outcome(caller.signal);

    await server.watched();
    caller.abort(new Error("bored"));

    await expect(outcome).rejects.toThrow("bored");
    await server.left();
  });
});

describe("a rerun (S170)", () => {
  const ended = (reason: string, more = {}) => ({
    conditions: [
      { type: "Finished", status: "True", reason, message: "" },
      { type: "Succeeded", status: reason === "Completed" ? "True" : "False", reason, message: "" },
    ],
    ...more,
  });

  test.each([
    { latest: true, revision: "Latest" },
    { latest: undefined, revision: "Pinned" },
  ])("raises the generation by 1, on the revision $revision, and takes the cancel back (S172)", async (row) => {
    const run = await client.create(request);
    server.setStatus("square-4", ended("Canceled", { rerunGeneration: 2 }));
    Object.assign(server.runs.get("square-4")?.spec ?? {}, { cancel: true, rerun: { generation: 2 } });

    await run.rerun(row.latest === undefined ? {} : { latest: row.latest });

    const { spec } = server.runs.get("square-4") ?? {};
    expect(spec).toMatchObject({ rerun: { generation: 3, revision: row.revision } });
    expect(spec).not.toHaveProperty("cancel");
  });

  test.each([
    { given: "live", status: { conditions: [] }, says: "task run square-4 is still active" },
    { given: "Succeeded", status: ended("Completed"), says: "task run square-4 has succeeded; trigger a new run" },
  ])("of a run that is $given throws, and changes nothing", async ({ status: standing, says }) => {
    const run = await client.create(request);
    server.setStatus("square-4", standing);

    await expect(run.rerun({})).rejects.toMatchObject({ name: "ClientError", message: says, statusCode: 409 });
    expect(server.seen.map(({ method }) => method)).not.toContain("PATCH");
  });

  test("of a run that is not there throws", async () => {
    const run = await client.create(request);
    server.delete("square-4");

    await expect(run.rerun({})).rejects.toMatchObject({ message: "task run not found: square-4", statusCode: 404 });
  });

  test("has no outcome until the run has ended anew", async () => {
    const run = await client.create(request);
    server.setStatus("square-4", ended("TaskError"));
    await run.rerun({});

    const outcome = run.outcome(never);
    await server.watched();
    server.setStatus("square-4", { conditions: [], rerunGeneration: 1 });
    server.setStatus("square-4", ended("Completed", { rerunGeneration: 1, result: 16 }));

    expect(await outcome).toMatchObject({ phase: "Succeeded", result: 16 });
  });
});
