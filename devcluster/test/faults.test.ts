// Faults by seed: what each looks like from outside, and that a seed replays.
import { describe, expect, test } from "vitest";

import { type EventFault, type Faults, noFaults, type RequestFault, seededFaults } from "../src/faults.ts";
import { aConfigMap } from "./contract/kit/objects.ts";
import { inWords, watched } from "./contract/kit/watching.ts";
import { started } from "./started.ts";

const maps = "/api/v1/namespaces/default/configmaps";

/** One fault, for the first request of a verb. */
function once(verb: string, fault: RequestFault): Faults {
  let isOver = false;
  return {
    ...noFaults,
    onRequest: (request) => {
      if (isOver || request.verb !== verb) return undefined;
      isOver = true;
      return fault;
    },
  };
}

function onEvents(fault: EventFault): Faults {
  return { ...noFaults, onEvent: () => fault };
}

describe("a request", () => {
  test.each([
    { fault: { kind: "conflict" }, code: 409, reason: "Conflict" },
    { fault: { kind: "error" }, code: 500, reason: "InternalError" },
  ] as const)("may meet a $fault.kind, and has then done nothing", async ({ fault, code, reason }) => {
    const { client, cluster } = await started({ faults: once("create", fault) });

    const { status, body } = await client.post(maps, aConfigMap({ name: "a" }));

    expect(status).toBe(code);
    expect(body.reason).toBe(reason);
    expect(cluster.api.get("configmaps", { namespace: "default", name: "a" })).toBeUndefined();
  });

  test("may be asked to wait", async () => {
    const { client } = await started({ faults: once("list", { kind: "tooManyRequests", retryAfterSeconds: 2 }) });

    const { status, headers, body } = await client.get(maps);

    expect(status).toBe(429);
    expect(headers["retry-after"]).toBe("2");
    expect(body).toMatchObject({ reason: "TooManyRequests", details: { retryAfterSeconds: 2 } });
  });

  test("may be carried out and never answered", async () => {
    const { client, cluster } = await started({ faults: once("create", { kind: "unanswered" }) });

    const answer = client.post(maps, aConfigMap({ name: "a" }));

    await expect(answer).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect(cluster.api.get("configmaps", { namespace: "default", name: "a" })).toBeDefined();
  });

  test("to watch may come too late, and so does one from before a compaction", async () => {
    const { client, cluster } = await started({ faults: once("watch", { kind: "expired" }) });
    const { body } = await client.get(maps);
    const path = `${maps}?watch=1&resourceVersion=${body.metadata.resourceVersion}&timeoutSeconds=5`;

    const injected = await client.get(path);
    await client.post(maps, aConfigMap({ name: "a" }));
    cluster.compact();
    const [compacted] = await watched(client, path, 1);

    expect(injected).toMatchObject({ status: 410, body: { reason: "Expired" } });
    expect(compacted).toMatchObject({ type: "ERROR", object: { code: 410 } });
  });

  test("for the rest of a list comes too late after a compaction", async () => {
    const { client, cluster } = await started();
    const { body } = await client.get("/api/v1/namespaces?limit=1");
    cluster.compact();

    const { status } = await client.get(
      `/api/v1/namespaces?limit=1&continue=${encodeURIComponent(body.metadata.continue)}`,
    );

    expect(status).toBe(410);
  });
});

describe("an event", () => {
  const path = `${maps}?watch=1&fieldSelector=metadata.name%3Dkube-root-ca.crt&timeoutSeconds=1`;

  test("may come twice", async () => {
    const { client } = await started({ faults: onEvents("duplicated") });

    const events = await watched(client, path, 2);

    expect(events.map(inWords)).toEqual(["ADDED kube-root-ca.crt", "ADDED kube-root-ca.crt"]);
  });

  test("may break the stream", async () => {
    const { client } = await started({ faults: onEvents("dropped") });

    await expect(watched(client, path, Infinity)).rejects.toThrow(/aborted/);
  });

  test("may come late, and holds back those behind it", async () => {
    let isFirst = true;
    const late: Faults = {
      ...noFaults,
      onEvent: () => {
        const fault = isFirst ? ({ kind: "late", delayMs: 50 } as const) : undefined;
        isFirst = false;
        return fault;
      },
    };
    const { client } = await started({ faults: late });
    const { body } = await client.get(maps);
    for (const name of ["b", "a"]) await client.post(maps, aConfigMap({ name }));

    const events = await watched(client, `${maps}?watch=1&resourceVersion=${body.metadata.resourceVersion}`, 2);

    expect(events.map(inWords)).toEqual(["ADDED b", "ADDED a"]);
  });

  test("that is late when the watch's time is over still comes", async () => {
    const { client } = await started({ faults: onEvents({ kind: "late", delayMs: 1_100 }) });

    const events = await watched(client, path, Infinity);

    expect(events.map(inWords)).toEqual(["ADDED kube-root-ca.crt"]);
  });

  test("may never come, on a stream that stays open to its end", async () => {
    const { client } = await started({ faults: onEvents("silent") });

    expect(await watched(client, path, Infinity)).toEqual([]);
  });
});

describe("a seed", () => {
  const rates = {
    conflict: 0.3,
    tooManyRequests: 0.1,
    error: 0.1,
    unanswered: 0.2,
    duplicated: 0.3,
    dropped: 0.1,
    late: 0.1,
  };
  const request = { method: "PUT", path: "/", verb: "update", resource: "pods", user: "me" };
  const played = (seed: number): string => {
    const faults = seededFaults(seed, rates);
    const kinds = Array.from({ length: 100 }, () => [
      faults.onRequest(request)?.kind,
      faults.onEvent(request, "ADDED"),
    ]);
    return JSON.stringify(kinds);
  };

  test("replays, and another is another", () => {
    expect(played(7)).toBe(played(7));
    expect(played(7)).not.toBe(played(8));
    expect(played(7)).toContain("unanswered");
    expect(played(7)).toContain("late");
  });
});
