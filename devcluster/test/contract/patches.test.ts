// The kinds of patch: what each does to an object, and what it is refused for.
import { describe, expect, test } from "vitest";

import type { Body } from "./kit/client.ts";
import { useCluster } from "./kit/cluster.ts";
import { aConfigMap, aName, aPod, aWidget } from "./kit/objects.ts";

const cluster = useCluster();

const jsonType = "application/json-patch+json";
const applyType = "application/apply-patch+yaml";
const mergeType = "application/merge-patch+json";
const strategicType = "application/strategic-merge-patch+json";

async function created(path: string, object: object): Promise<{ body: Body; path: string }> {
  const { status, body } = await cluster.client.post(path, object);
  expect(status).toBe(201);
  return { body, path: `${path}/${body.metadata.name}` };
}

describe("a merge patch", () => {
  test("sets, replaces lists as a whole, and deletes by null, inside objects too", async () => {
    const { path } = await created(
      cluster.widgets,
      aWidget({ spec: { tags: ["a", "b"], free: { a: 1, b: { c: 1 } } } }),
    );

    const { body } = await cluster.client.merge(path, {
      spec: { tags: ["c"], free: { a: null, b: { c: null, d: 2 } } },
    });

    expect(body.spec).toEqual({ colour: "red", size: 7, tags: ["c"], free: { b: { d: 2 } } });
  });

  test("with a version is refused as a Conflict if that is not current, and taken if it is", async () => {
    const { path, body } = await created(cluster.widgets, aWidget());
    const { resourceVersion } = body.metadata;

    const first = await cluster.client.merge(path, { metadata: { resourceVersion }, spec: { size: 8 } });
    const second = await cluster.client.merge(path, { metadata: { resourceVersion }, spec: { size: 9 } });

    expect(first.status).toBe(200);
    expect(second).toMatchObject({ status: 409, body: { reason: "Conflict" } });
  });

  test("cannot make it another object", async () => {
    const { path } = await created(cluster.widgets, aWidget());

    const otherUid = await cluster.client.merge(path, { metadata: { uid: "other" }, spec: { size: 8 } });
    const otherName = await cluster.client.merge(path, { metadata: { name: "other" }, spec: { size: 8 } });

    expect(otherUid.status).toBe(422);
    expect(otherUid.body.message).toMatch(/metadata\.uid: Invalid value: "other": field is immutable/);
    expect(otherName.status).toBe(400);
  });
});

describe("a JSON patch", () => {
  test("keeps the nulls that it brings", async () => {
    const { path } = await created(cluster.widgets, aWidget());

    const operations = [{ op: "add", path: "/status", value: { phase: "Done", result: { a: null, b: [null] } } }];
    const { status, body } = await cluster.client.patch(`${path}/status`, jsonType, operations);

    expect(status).toBe(200);
    expect(body.status.result).toEqual({ a: null, b: [null] });
  });

  test.each([
    { given: "a test fails", operations: [{ op: "test", path: "/metadata/resourceVersion", value: "1" }] },
    { given: "a path is not there", operations: [{ op: "remove", path: "/spec/nope" }] },
  ])("is a 422 without details where $given", async ({ operations }) => {
    const { path } = await created(cluster.widgets, aWidget());

    const { status, body } = await cluster.client.patch(path, jsonType, operations);

    expect(status).toBe(422);
    expect(body).toMatchObject({
      reason: "Invalid",
      message: "the server rejected our request due to an error in our request",
    });
  });

  test("is a list", async () => {
    const { path } = await created(cluster.widgets, aWidget());

    const { status } = await cluster.client.patch(path, jsonType, { op: "remove" });

    expect(status).toBe(400);
  });
});

describe("a patch of another type", () => {
  test.each(["application/json", "text/plain", strategicType])(
    "%s is a 415 for a custom resource",
    async (contentType) => {
      const { path } = await created(cluster.widgets, aWidget());

      const { status, body } = await cluster.client.patch(path, contentType, { spec: { size: 8 } });

      expect(status).toBe(415);
      expect(body.message).toBe(
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
      );
    },
  );
});

describe("a strategic merge patch", () => {
  test("merges a pod's containers, variables and tolerations by their keys", async () => {
    const env = [
      { name: "A", value: "1" },
      { name: "B", value: "2" },
    ];
    const containers = [{ name: "main", image: "example.invalid/none:1", env }];
    const { path } = await created(cluster.core("pods"), aPod({ spec: { containers } }));

    const change = {
      spec: { containers: [{ name: "main", image: "example.invalid/none:2" }] },
      metadata: { labels: { a: "1" } },
    };
    const { status, body } = await cluster.client.patch(path, strategicType, change);

    expect(status).toBe(200);
    expect(body.metadata.labels).toEqual({ a: "1" });
    expect(body.spec.containers[0]).toMatchObject({ name: "main", image: "example.invalid/none:2", env });
  });

  test("deletes an item that it says to delete", async () => {
    const owner = (await created(cluster.core("configmaps"), aConfigMap())).body.metadata;
    const reference = { apiVersion: "v1", kind: "ConfigMap", name: owner.name, uid: owner.uid };
    const { path } = await created(cluster.core("configmaps"), {
      ...aConfigMap(),
      metadata: { name: aName(), ownerReferences: [reference] },
    });

    const change = { metadata: { ownerReferences: [{ $patch: "delete", uid: owner.uid }] } };
    const { body } = await cluster.client.patch(path, strategicType, change);

    expect(body.metadata.ownerReferences).toBeUndefined();
  });
});

describe("server-side apply", () => {
  const apply = (name: string, spec: object, manager: string, force = false) =>
    cluster.client.patch(
      `${cluster.widgets}/${name}?fieldManager=${manager}&force=${String(force)}`,
      applyType,
      aWidget({ name, spec }),
    );

  test("creates what is not there, and then changes it", async () => {
    const name = aName();

    const first = await apply(name, {}, "one");
    const second = await apply(name, { size: 8 }, "one");

    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body.spec.size).toBe(8);
  });

  test("needs a manager", async () => {
    const { status, body } = await cluster.client.patch(`${cluster.widgets}/x`, applyType, aWidget({ name: "x" }));

    expect(status).toBe(422);
    expect(body.message).toMatch(/fieldManager: Required value: is required for apply patch/);
  });

  test("takes away what its manager no longer wants, and leaves what others set", async () => {
    const name = aName();
    await apply(name, { label: "one", tags: ["a"] }, "one");
    await cluster.client.merge(`${cluster.widgets}/${name}`, { spec: { code: "abc" } });

    const { body } = await apply(name, { label: "one" }, "one");

    expect(body.spec).toMatchObject({ label: "one", code: "abc" });
    expect(body.spec.tags).toBeUndefined();
  });

  test("refuses another value for what somebody else owns, unless it is forced", async () => {
    const name = aName();
    await apply(name, { label: "one" }, "one");

    const refused = await apply(name, { label: "two" }, "two");
    const forced = await apply(name, { label: "two" }, "two", true);

    expect(refused.status).toBe(409);
    expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "one": .spec.label');
    expect(refused.body.details.causes).toEqual([
      {
        reason: "FieldManagerConflict",
        message: 'conflict with "one"',
        field: ".spec.label",
      },
    ]);
    expect(forced.body.spec.label).toBe("two");
  });

  test("conflicts with an update too, and says in which version that was", async () => {
    const name = aName();
    await apply(name, {}, "one");
    await cluster.client.patch(`${cluster.widgets}/${name}?fieldManager=hand`, mergeType, { spec: { size: 8 } });

    const { body } = await apply(name, { size: 9 }, "one");

    expect(body.message).toBe(
      'Apply failed with 1 conflict: conflict with "hand" using contract.example.dev/v1: .spec.size',
    );
  });

  test("lets two managers want the same", async () => {
    const name = aName();
    await apply(name, { label: "same" }, "one");
    await apply(name, { label: "same" }, "two");

    const { body } = await apply(name, {}, "one");

    expect(body.spec.label).toBe("same");
  });

  test("merges lists that are maps by their keys", async () => {
    const name = aName();
    await apply(name, { parts: [{ name: "a", weight: 2 }] }, "one");
    await apply(name, { parts: [{ name: "b", weight: 3 }] }, "two");

    const { body } = await apply(name, {}, "one");

    expect(body.spec.parts).toEqual([{ name: "b", weight: 3 }]);
  });

  test("writes down who owns what", async () => {
    const { body } = await apply(aName(), { label: "one", parts: [{ name: "a" }] }, "one");

    expect(body.metadata.managedFields).toMatchObject([
      {
        manager: "one",
        operation: "Apply",
        apiVersion: "contract.example.dev/v1",
        fieldsType: "FieldsV1",
        fieldsV1: { "f:spec": { "f:colour": {}, "f:label": {}, "f:parts": { 'k:{"name":"a"}': { "f:name": {} } } } },
      },
    ]);
  });
});
