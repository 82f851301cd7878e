// What a cluster says of itself.
import { describe, expect, test } from "vitest";

import type { Body } from "./kit/client.ts";
import { useCluster } from "./kit/cluster.ts";

const cluster = useCluster();

describe("discovery", () => {
  test("lists a definition's kind with its names and verbs", async () => {
    const { body } = await cluster.client.get("/apis/contract.example.dev/v1");

    expect(body).toMatchObject({ kind: "APIResourceList", groupVersion: "contract.example.dev/v1" });
    expect(body.resources.find((one: Body) => one.name === "widgets")).toMatchObject({
      kind: "Widget",
      singularName: "widget",
      namespaced: true,
      shortNames: ["wdg"],
      categories: ["contract"],
    });
    expect(body.resources.map((one: Body) => one.name)).toContain("widgets/status");
  });

  test("says it all in one document to those who ask for that", async () => {
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

    const { headers, body } = await cluster.client.get("/apis", { accept });

    expect(headers["content-type"]).toBe("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
    expect(body.kind).toBe("APIGroupDiscoveryList");
    const group = body.items.find((item: Body) => item.metadata.name === "contract.example.dev");
    expect(group.versions[0].resources[0]).toMatchObject({
      resource: "widgets",
      scope: "Namespaced",
      singularResource: "widget",
      responseKind: { kind: "Widget" },
    });
  });

  test("knows the groups that the operator and kubectl need", async () => {
    const { body } = await cluster.client.get("/apis");

    const groups = body.groups.map((one: Body) => one.name);
    for (const name of [
      "apps",
      "coordination.k8s.io",
      "events.k8s.io",
      "apiextensions.k8s.io",
      "authentication.k8s.io",
    ]) {
      expect(groups).toContain(name);
    }
  });
});

describe("OpenAPI", () => {
  test("describes a definition's fields, and that its writes can be validated", async () => {
    const { body: index } = await cluster.client.get("/openapi/v3");
    const { body } = await cluster.client.get(index.paths["apis/contract.example.dev/v1"].serverRelativeURL);

    const schemas: Body[] = Object.values(body.components.schemas);
    const widget = schemas.find((one) =>
      one["x-kubernetes-group-version-kind"]?.some((gvk: Body) => gvk.kind === "Widget"),
    );
    const { patch } = body.paths["/apis/contract.example.dev/v1/namespaces/{namespace}/widgets/{name}"];
    expect(widget.properties.spec.properties.colour.description).toBe("Its colour.");
    expect(patch.parameters.map((one: Body) => one.name)).toContain("fieldValidation");
  });
});

describe("the server", () => {
  test("says its version and that it is well, to anybody", async () => {
    const version = await cluster.client.get("/version", { token: "" });
    const paths = ["/healthz", "/readyz", "/livez"];
    const answers = await Promise.all(paths.map((path) => cluster.client.get(path, { token: "" })));

    expect(version.body).toMatchObject({ major: "1", minor: expect.stringMatching(/^\d+/) });
    expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual(paths.map(() => "200 ok"));
  });
});
