import { limits } from "@stint/crds/limits";
import { cacheEntryName } from "@stint/crds/labels";
import { expect, test } from "vitest";

import { configMaps } from "../../src/effects/resources.ts";
import { anAcceptedRun, anAttempt, namespace, stamp } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

const value = Buffer.from("a value").toString("base64");

test("what a run stores it finds again, under keys of any characters (S149)", async () => {
  await using box = await GatewayBox.open();
  const path = `cache/${encodeURIComponent("a/b ü?#%")}`;

  expect(await box.ask("PUT", path, { value })).toMatchObject({ status: 200 });

  expect(await box.ask("GET", path)).toMatchObject({ status: 200, body: { value } });
  expect(await box.ask("GET", "cache")).toMatchObject({ status: 200, body: { keys: ["a/b ü?#%"] } });
  expect(await box.ask("GET", "cache/other")).toMatchObject({ status: 200, body: {} });
});

test("an entry belongs to the root, goes with it, and is seen by no other tree (S149)", async () => {
  await using box = await GatewayBox.open();
  const root = { name: "root", uid: "root-uid" };
  const run = anAcceptedRun([anAttempt()]);
  box.seedRun({ ...run, status: { ...run.status, root } });
  await box.ask("PUT", "cache/a", { value });

  const [entry] = box.cluster.peekAll(configMaps);
  expect(entry?.metadata.name).toBe(cacheEntryName(root, "a"));
  expect(entry?.metadata.ownerReferences).toEqual([
    { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", ...root, controller: true },
  ]);
  box.seedRun({ ...run, status: { ...run.status, root: { name: "root", uid: "another" } } });
  expect(await box.ask("GET", "cache/a")).toMatchObject({ status: 200, body: {} });
  expect(await box.ask("GET", "cache")).toMatchObject({ body: { keys: [] } });
});

test("a later value replaces the earlier one and its time to live, and a repeated request writes nothing", async () => {
  await using box = await GatewayBox.open();
  await box.ask("PUT", "cache/a", { value, ttlSeconds: 60 });
  const other = Buffer.from("another").toString("base64");
  await box.ask("PUT", "cache/a", { value: other });
  const writes = box.cluster.writes.length;

  await box.ask("PUT", "cache/a", { value: other });
  await box.clock.advance(61_000);

  expect(box.cluster.writes.slice(writes).map(({ verb }) => verb)).toEqual(["create"]); // which finds it there
  expect(await box.ask("GET", "cache/a")).toMatchObject({ body: { value: other } });
});

test("a value whose time is over is not found (S149)", async () => {
  await using box = await GatewayBox.open();
  await box.ask("PUT", "cache/a", { value, ttlSeconds: 60 });

  await box.clock.advance(60_000);

  expect(await box.ask("GET", "cache/a")).toMatchObject({ status: 200, body: {} });
  expect(await box.ask("GET", "cache")).toMatchObject({ body: { keys: [] } });
});

test("a deleted entry is gone, and deleting it again is no error", async () => {
  await using box = await GatewayBox.open();
  await box.ask("PUT", "cache/a", { value });

  expect(await box.ask("DELETE", "cache/a")).toMatchObject({ status: 200 });
  expect(await box.ask("DELETE", "cache/a")).toMatchObject({ status: 200 });

  expect(await box.ask("GET", "cache/a")).toMatchObject({ body: {} });
});

test("of two writers of one key the later one wins", async () => {
  await using box = await GatewayBox.open();
  await box.ask("PUT", "cache/a", { value });
  const mine = Buffer.from("mine").toString("base64");
  box.cluster.beforeNext("replace", configMaps, () => {
    const [entry] = box.cluster.peekAll(configMaps);
    if (entry) box.cluster.store.replace(configMaps, { ...entry, binaryData: { value: "dGhlaXJz" } });
  });

  expect(await box.ask("PUT", "cache/a", { value: mine })).toMatchObject({ status: 200 });

  expect(await box.ask("GET", "cache/a")).toMatchObject({ body: { value: mine } });
});

test.each([
  {
    what: "a value that is too large",
    key: "a",
    body: { value: Buffer.alloc(limits.cacheValueBytes + 1).toString("base64") },
    code: "TooLarge",
    message: 'cache value "a" is 524289 bytes, the limit is 524288 bytes (no payload store is configured)',
  },
  {
    what: "a key that is too long",
    key: "x".repeat(513),
    body: { value },
    code: "InvalidRequest",
    message: "cache key must be 1 to 512 characters, got 513",
  },
  {
    what: "what is no base64",
    key: "a",
    body: { value: "%" },
    code: "InvalidRequest",
    message: "value: Invalid base64-encoded string",
  },
])("$what is refused and not stored (S149)", async ({ key, body, code, message }) => {
  await using box = await GatewayBox.open();

  expect(await box.ask("PUT", `cache/${key}`, body)).toMatchObject({ status: 400, body: { code, message } });
  expect(box.cluster.peekAll(configMaps)).toEqual([]);
});

test("a quota that is used up is told in the API server's words, and not repeated", async () => {
  await using box = await GatewayBox.open();
  box.cluster.failNext("create", configMaps, apiError("quotaExceeded", { serverMessage: "exceeded quota: small" }));

  expect(await box.ask("PUT", "cache/a", { value })).toMatchObject({
    status: 400,
    body: { code: "InvalidRequest", message: 'cache value "a" was refused: exceeded quota: small' },
  });
});

test("a ConfigMap of somebody else under the entry's name is neither read nor written", async () => {
  await using box = await GatewayBox.open();
  const run = anAcceptedRun([anAttempt()]);
  const { name, uid } = run.metadata;
  const foreign = {
    metadata: { namespace, name: cacheEntryName({ name, uid }, "a"), uid: "x" },
    binaryData: { value },
  };
  box.cluster.seed(configMaps, foreign);

  expect(await box.ask("GET", "cache/a")).toMatchObject({ body: {} });
  expect(await box.ask("PUT", "cache/a", { value: "" })).toMatchObject({
    status: 400,
    body: { code: "InvalidRequest" },
  });
  expect(await box.ask("DELETE", "cache/a")).toMatchObject({ status: 200 });
  expect(box.cluster.peek(configMaps, foreign.metadata)?.binaryData).toEqual({ value });
});

test("an attempt that has ended has no cache", async () => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([anAttempt(1, { finishedAt: stamp(5) })]));

  for (const method of ["GET", "DELETE"] as const) {
    expect(await box.ask(method, "cache/a")).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
  }
  expect(await box.ask("PUT", "cache/a", { value })).toMatchObject({ status: 409 });
});
