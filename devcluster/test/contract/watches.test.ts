// Watches: every change once, in order, from wherever one begins.
import { describe, expect, test } from "vitest";

import { useCluster } from "./kit/cluster.ts";
import { aName, aWidget } from "./kit/objects.ts";
import { inWords, watched } from "./kit/watching.ts";

const cluster = useCluster();

async function listVersion(): Promise<string> {
  return (await cluster.client.get(cluster.widgets)).body.metadata.resourceVersion;
}

describe("a watch from a version", () => {
  test("tells of all that has happened since, in order", async () => {
    const since = await listVersion();
    const name = aName();
    await cluster.client.post(cluster.widgets, aWidget({ name }));
    await cluster.client.merge(`${cluster.widgets}/${name}`, { spec: { size: 8 } });
    await cluster.client.delete(`${cluster.widgets}/${name}`);

    const events = await watched(
      cluster.client,
      `${cluster.widgets}?watch=1&resourceVersion=${since}&timeoutSeconds=10`,
      3,
    );

    expect(events.map(inWords)).toEqual([`ADDED ${name}`, `MODIFIED ${name}`, `DELETED ${name}`]);
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(events[2]?.object.spec.size).toBe(8);
  });

  test("tells of what happens while it is open", async () => {
    const since = await listVersion();
    const name = aName();

    const events = watched(cluster.client, `${cluster.widgets}?watch=1&resourceVersion=${since}&timeoutSeconds=10`, 1);
    await cluster.client.post(cluster.widgets, aWidget({ name }));

    expect((await events).map(inWords)).toEqual([`ADDED ${name}`]);
  });

  test("ends by itself after timeoutSeconds, and tells of bookmarks alone if nothing happens", async () => {
    const since = await listVersion();
    const path = `${cluster.widgets}?watch=1&resourceVersion=${since}&timeoutSeconds=3&allowWatchBookmarks=true`;

    const events = await watched(cluster.client, path, Infinity);

    expect(events.filter(({ type }) => type !== "BOOKMARK")).toEqual([]);
  });

  test("that is too old ends in one ERROR with code 410", async () => {
    const events = await watched(cluster.client, `${cluster.widgets}?watch=1&resourceVersion=1&timeoutSeconds=5`, 1);

    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
    expect(events[0]?.object.message).toMatch(/^too old resource version: 1 \(\d+\)$/);
  });
});

describe("a watch from the beginning", () => {
  test("tells first of everything that there is", async () => {
    const label = aName();
    const names = [aName(), aName()].sort();
    for (const name of names)
      await cluster.client.post(cluster.widgets, aWidget({ name, metadata: { labels: { of: label } } }));

    const path = `${cluster.widgets}?watch=1&labelSelector=of%3D${label}&timeoutSeconds=10`;
    const events = await watched(cluster.client, path, 2);

    expect(events.map(inWords).sort()).toEqual(names.map((name) => `ADDED ${name}`));
  });

  test("with sendInitialEvents marks their end by a bookmark", async () => {
    const label = aName();
    await cluster.client.post(cluster.widgets, aWidget({ metadata: { labels: { of: label } } }));

    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=10";
    const events = await watched(cluster.client, `${cluster.widgets}?watch=1&labelSelector=of%3D${label}&${query}`, 2);

    expect(events.map(({ type }) => type)).toEqual(["ADDED", "BOOKMARK"]);
    expect(events[1]?.object).toMatchObject({ kind: "Widget", apiVersion: "contract.example.dev/v1" });
    expect(Number(events[1]?.object.metadata.resourceVersion)).toBeGreaterThan(0);
    expect(events[1]?.object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
  });
});

describe("a watch with a selector", () => {
  test("sees an object that comes into the selection as added, and one that leaves it as deleted", async () => {
    const since = await listVersion();
    const [name, label] = [aName(), aName()];
    const path = `${cluster.widgets}/${name}`;
    await cluster.client.post(cluster.widgets, aWidget({ name }));
    await cluster.client.merge(path, { metadata: { labels: { of: label } } });
    await cluster.client.merge(path, { spec: { size: 8 } });
    const { body: left } = await cluster.client.merge(path, { metadata: { labels: { of: null } } });

    const query = `watch=1&resourceVersion=${since}&labelSelector=of%3D${label}&timeoutSeconds=10`;
    const events = await watched(cluster.client, `${cluster.widgets}?${query}`, 3);

    expect(events.map(inWords)).toEqual([`ADDED ${name}`, `MODIFIED ${name}`, `DELETED ${name}`]);
    expect(events[2]?.object.metadata.labels).toEqual({ of: label });
    expect(events[2]?.object.metadata.resourceVersion).toBe(left.metadata.resourceVersion);
  });

  test("of a field follows that field", async () => {
    const name = aName();
    const path = `${cluster.widgets}?watch=1&fieldSelector=metadata.name%3D${name}&timeoutSeconds=10&resourceVersion=${await listVersion()}`;

    const events = watched(cluster.client, path, 1);
    await cluster.client.post(cluster.widgets, aWidget());
    await cluster.client.post(cluster.widgets, aWidget({ name }));

    expect((await events).map(inWords)).toEqual([`ADDED ${name}`]);
  });
});
