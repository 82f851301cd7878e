// Lists: what is in them, in which pages, in which form.
import { describe, expect, test } from "vitest";

import type { Body } from "./kit/client.ts";
import { useCluster } from "./kit/cluster.ts";
import { aConfigMap, aWidget } from "./kit/objects.ts";

const cluster = useCluster();

async function create(name: string, spec: object = {}, labels: object = {}): Promise<void> {
  const { status } = await cluster.client.post(cluster.widgets, aWidget({ name, spec, metadata: { labels } }));
  expect(status).toBe(201);
}

async function namesIn(query: string): Promise<string[]> {
  const { status, body } = await cluster.client.get(`${cluster.widgets}?${query}`);
  expect(status).toBe(200);
  return body.items.map((item: Body) => item.metadata.name);
}

describe("a list", () => {
  test("is sorted by name and says how far it is", async () => {
    await create("sorted-b", {}, { for: "sorting" });
    await create("sorted-a", {}, { for: "sorting" });

    const { body } = await cluster.client.get(`${cluster.widgets}?labelSelector=for=sorting`);

    expect(body).toMatchObject({ kind: "WidgetList", apiVersion: "contract.example.dev/v1" });
    expect(body.metadata.resourceVersion).toMatch(/^\d+$/);
    expect(body.items.map((item: Body) => item.metadata.name)).toEqual(["sorted-a", "sorted-b"]);
  });

  test("comes in pages that all show the state of the first", async () => {
    for (const name of ["page-1", "page-2", "page-3"]) await create(name, {}, { for: "paging" });
    const first = await cluster.client.get(`${cluster.widgets}?labelSelector=for=paging&limit=2`);

    await create("page-0", {}, { for: "paging" });
    const token = encodeURIComponent(first.body.metadata.continue);
    const second = await cluster.client.get(`${cluster.widgets}?labelSelector=for=paging&limit=2&continue=${token}`);

    expect(first.body.items).toHaveLength(2);
    expect(second.body.items.map((item: Body) => item.metadata.name)).toEqual(["page-3"]);
    expect(second.body.metadata.continue ?? "").toBe("");
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });

  test.each(["limit=x", "limit=1&continue=x", "labelSelector=a%20b%20c", "fieldSelector=spec.size%3D1"])(
    "with %s is a 400",
    async (query) => {
      const { status, body } = await cluster.client.get(`${cluster.widgets}?${query}`);

      expect(status).toBe(400);
      expect(body.reason).toBe("BadRequest");
    },
  );

  test("across all namespaces holds those of this one", async () => {
    await create("everywhere");

    const { body } = await cluster.client.get(
      "/apis/contract.example.dev/v1/widgets?fieldSelector=metadata.name%3Deverywhere",
    );

    expect(body.items.map((item: Body) => item.metadata.namespace)).toContain(cluster.namespace);
  });
});

describe("a selector", () => {
  test.each([
    { query: "labelSelector=tier%3Dgold", names: ["select-a"] },
    { query: "labelSelector=tier!%3Dgold,family", names: ["select-b", "select-c"] },
    { query: "labelSelector=tier%20in%20(gold,silver)", names: ["select-a", "select-b"] },
    { query: "labelSelector=family,tier%20notin%20(gold)", names: ["select-b", "select-c"] },
    { query: "labelSelector=family,!extra", names: ["select-b", "select-c"] },
    { query: "fieldSelector=spec.colour%3Dgreen", names: ["select-b"] },
    { query: "fieldSelector=metadata.name%3Dselect-a,spec.colour!%3Dgreen", names: ["select-a"] },
  ])("$query finds $names", async ({ query, names }) => {
    await cluster.client.post(
      cluster.widgets,
      aWidget({ name: "select-a", metadata: { labels: { family: "x", tier: "gold", extra: "" } } }),
    );
    await cluster.client.post(
      cluster.widgets,
      aWidget({ name: "select-b", spec: { colour: "green" }, metadata: { labels: { family: "x", tier: "silver" } } }),
    );
    await cluster.client.post(cluster.widgets, aWidget({ name: "select-c", metadata: { labels: { family: "x" } } }));

    expect(await namesIn(query)).toEqual(names);
  });

  test("over a field that the kind does not offer says which", async () => {
    const widget = await cluster.client.get(`${cluster.widgets}?fieldSelector=spec.size%3D1`);
    const map = await cluster.client.get(`${cluster.core("configmaps")}?fieldSelector=spec.foo%3D1`);

    expect(widget.body.message).toMatch(/field label not supported: spec\.size$/);
    expect(map.body.message).toMatch(
      /"spec\.foo" is not a known field selector: only "metadata\.name", "metadata\.namespace"$/,
    );
  });
});

describe("a list of metadata alone", () => {
  const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

  test("has no spec in it", async () => {
    await create("in-part", {}, { for: "metadata" });

    const { body } = await cluster.client.get(`${cluster.widgets}?labelSelector=for=metadata`, { accept });

    expect(body).toMatchObject({ kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1" });
    expect(Object.keys(body.items[0]).toSorted()).toEqual(["apiVersion", "kind", "metadata"]);
  });

  test("has null in the place of its items where it is empty", async () => {
    const { body } = await cluster.client.get(`${cluster.widgets}?labelSelector=for=nothing`, { accept });

    expect(body).toMatchObject({ kind: "PartialObjectMetadataList", items: null });
  });
});

describe("a table", () => {
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

  test("of a custom resource has the columns of its definition", async () => {
    await create("in-a-table");

    const { body } = await cluster.client.get(`${cluster.widgets}/in-a-table`, { accept });

    expect(body).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
    expect(body.columnDefinitions.map((one: Body) => `${one.name}:${one.type}:${one.priority}`)).toEqual([
      "Name:string:0",
      "Colour:string:0",
      "Ready:string:0",
      "Size:integer:1",
      "Age:date:0",
    ]);
    expect(body.rows[0].cells.slice(0, 4)).toEqual(["in-a-table", "red", null, 7]);
    expect(body.rows[0].object).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "in-a-table" } });
  });

  test("of a ConfigMap counts its data", async () => {
    await cluster.client.post(cluster.core("configmaps"), aConfigMap({ name: "counted", data: { a: "1", b: "2" } }));

    const { body } = await cluster.client.get(`${cluster.core("configmaps")}/counted`, { accept });

    expect(body.columnDefinitions.map((one: Body) => one.name)).toEqual(["Name", "Data", "Age"]);
    expect(body.rows[0].cells.slice(0, 2)).toEqual(["counted", 2]);
  });
});
