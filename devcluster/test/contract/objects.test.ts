// What every create, read and update obeys.
import { describe, expect, test } from "vitest";

import { useCluster } from "./kit/cluster.ts";
import { aConfigMap, aName, aWidget } from "./kit/objects.ts";

const cluster = useCluster();

describe("a create", () => {
  test("gives the object a uid, a version, a generation and its birthday", async () => {
    const { status, body } = await cluster.client.post(cluster.widgets, aWidget({ name: "born" }));

    expect(status).toBe(201);
    expect(body.metadata).toMatchObject({ name: "born", namespace: cluster.namespace, generation: 1 });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.metadata.resourceVersion).toMatch(/^\d+$/);
    expect(body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test("under a name that is taken is a 409 AlreadyExists", async () => {
    const widget = aWidget();
    await cluster.client.post(cluster.widgets, widget);

    const { status, body } = await cluster.client.post(cluster.widgets, widget);

    const { name } = widget.metadata;
    expect(status).toBe(409);
    expect(body).toMatchObject({
      kind: "Status",
      status: "Failure",
      reason: "AlreadyExists",
      message: `widgets.contract.example.dev "${name}" already exists`,
      details: { name, group: "contract.example.dev", kind: "widgets" },
      code: 409,
    });
  });

  test("with generateName makes up the rest of the name", async () => {
    const { kind, apiVersion, spec } = aWidget();

    const { body } = await cluster.client.post(cluster.widgets, {
      kind,
      apiVersion,
      spec,
      metadata: { generateName: "made-" },
    });

    expect(body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
    expect(body.metadata.generateName).toBe("made-");
  });

  test("as a dry run is judged and not kept", async () => {
    const widget = aWidget();

    const { status, body } = await cluster.client.post(`${cluster.widgets}?dryRun=All`, widget);

    expect(status).toBe(201);
    expect(body.spec.size).toBe(7);
    expect((await cluster.client.get(`${cluster.widgets}/${widget.metadata.name}`)).status).toBe(404);
  });

  test("in a namespace that is not there is a 404 that names the namespace", async () => {
    const path = cluster.widgets.replace(cluster.namespace, "nowhere");

    const { status, body } = await cluster.client.post(path, aWidget());

    expect(status).toBe(404);
    expect(body).toMatchObject({ reason: "NotFound", message: 'namespaces "nowhere" not found' });
  });

  test("of a status is left to /status", async () => {
    const { body } = await cluster.client.post(cluster.widgets, aWidget({ status: { phase: "Done" } }));

    expect(body.status).toBeUndefined();
  });

  test.each([
    {
      given: "no name",
      metadata: {},
      code: 422,
      message: /metadata\.name: Required value: name or generateName is required/,
    },
    {
      given: "a name with capitals",
      metadata: { name: "Bad" },
      code: 422,
      message: /metadata\.name: Invalid value: "Bad": a lowercase RFC 1123 subdomain/,
    },
    {
      given: "a label with a space",
      metadata: { name: "x", labels: { a: "b c" } },
      code: 422,
      message: /metadata\.labels: Invalid value: "b c": a valid label must be/,
    },
    {
      given: "a label that is a number",
      metadata: { name: "x", labels: { a: 1 } },
      code: 400,
      message: /cannot unmarshal number into Go struct field ObjectMeta\.labels of type string/,
    },
    {
      given: "another namespace",
      metadata: { name: "x", namespace: "other" },
      code: 400,
      message: /^the namespace of the provided object does not match the namespace sent on the request$/,
    },
    {
      given: "a version",
      metadata: { name: "x", resourceVersion: "1" },
      code: 500,
      message: /^resourceVersion should not be set on objects to be created$/,
    },
  ])("with $given is a $code", async ({ metadata, code, message }) => {
    const { status, body } = await cluster.client.post(cluster.widgets, { ...aWidget(), metadata });

    expect(status).toBe(code);
    expect(body.message).toMatch(message);
  });

  test("of another kind than the path's is a 422", async () => {
    const { status, body } = await cluster.client.post(cluster.widgets, { ...aWidget({ name: "x" }), kind: "Gadget" });

    expect(status).toBe(422);
    expect(body.message).toBe(
      'Gadget.contract.example.dev "x" is invalid: kind: Invalid value: "Gadget": must be Widget',
    );
  });

  test("from a body that is no JSON is a 400, from one of an unknown type a 415", async () => {
    const broken = await cluster.client.post(cluster.widgets, "{nope");
    const text = await cluster.client.post(cluster.widgets, "{}", { contentType: "text/plain" });

    expect(broken).toMatchObject({ status: 400, body: { reason: "BadRequest" } });
    expect(text).toMatchObject({ status: 415, body: { reason: "UnsupportedMediaType" } });
  });

  test("of more than an etcd takes is a 500, of more than 3 MiB a 413", async () => {
    const large = await cluster.client.post(cluster.widgets, aWidget({ spec: { free: "x".repeat(1_600_000) } }));
    const huge = await cluster.client.post(cluster.widgets, aWidget({ spec: { free: "x".repeat(3_200_000) } }));

    expect(large).toMatchObject({ status: 500, body: { message: "etcdserver: request is too large" } });
    expect(huge).toMatchObject({ status: 413, body: { reason: "RequestEntityTooLarge" } });
  });

  test("takes YAML", async () => {
    const yaml =
      "apiVersion: contract.example.dev/v1\nkind: Widget\nmetadata: {name: from-yaml}\nspec: {colour: green}\n";

    const { status, body } = await cluster.client.post(cluster.widgets, yaml, { contentType: "application/yaml" });

    expect(status).toBe(201);
    expect(body.spec.colour).toBe("green");
  });
});

describe("a read", () => {
  test("of what is not there is a 404 with its details", async () => {
    const { status, body } = await cluster.client.get(`${cluster.widgets}/none`);

    expect(status).toBe(404);
    expect(body).toMatchObject({
      reason: "NotFound",
      message: 'widgets.contract.example.dev "none" not found',
      details: { name: "none", group: "contract.example.dev", kind: "widgets" },
    });
  });

  test("of a resource that nobody serves is a 404, without a token a 401", async () => {
    const unknown = await cluster.client.get("/api/v1/gadgets");
    const stranger = await cluster.client.get("/api/v1/namespaces", { token: "wrong" });

    expect(unknown).toMatchObject({
      status: 404,
      body: { message: "the server could not find the requested resource" },
    });
    expect(stranger).toMatchObject({ status: 401, body: { reason: "Unauthorized" } });
  });
});

describe("a replace", () => {
  test("with a version that is not current is a 409 Conflict", async () => {
    const { body } = await cluster.client.post(cluster.widgets, aWidget());
    const path = `${cluster.widgets}/${body.metadata.name}`;
    await cluster.client.merge(path, { spec: { size: 8 } });

    const stale = await cluster.client.put(path, { ...body, spec: { ...body.spec, size: 9 } });

    expect(stale.status).toBe(409);
    expect(stale.body.reason).toBe("Conflict");
    expect(stale.body.message).toBe(
      `Operation cannot be fulfilled on widgets.contract.example.dev "${body.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`,
    );
  });

  test("of a custom resource has to say which version it replaces; a ConfigMap need not", async () => {
    const { body: widget } = await cluster.client.post(cluster.widgets, aWidget());
    const { body: map } = await cluster.client.post(cluster.core("configmaps"), aConfigMap());

    const unversioned = await cluster.client.put(
      `${cluster.widgets}/${widget.metadata.name}`,
      aWidget({ name: widget.metadata.name }),
    );
    const free = await cluster.client.put(
      `${cluster.core("configmaps")}/${map.metadata.name}`,
      aConfigMap({ name: map.metadata.name, data: { a: "2" } }),
    );

    expect(unversioned.status).toBe(422);
    expect(unversioned.body.message).toMatch(
      /metadata\.resourceVersion: Invalid value: 0: must be specified for an update/,
    );
    expect(free.status).toBe(200);
    expect(free.body.data).toEqual({ a: "2" });
  });

  test("of what is not there is a 404, under another name a 400", async () => {
    const missing = await cluster.client.put(
      `${cluster.widgets}/none`,
      aWidget({ name: "none", metadata: { resourceVersion: "1" } }),
    );
    const misnamed = await cluster.client.put(
      `${cluster.widgets}/one`,
      aWidget({ name: "other", metadata: { resourceVersion: "1" } }),
    );

    expect(missing.status).toBe(404);
    expect(misnamed.status).toBe(400);
    expect(misnamed.body.message).toBe("the name of the object (other) does not match the name on the URL (one)");
  });

  test("that changes nothing makes no new version", async () => {
    const { body } = await cluster.client.post(cluster.widgets, aWidget());

    const same = await cluster.client.put(`${cluster.widgets}/${body.metadata.name}`, body);

    expect(same.status).toBe(200);
    expect(same.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  test("leaves uid and birthday as they are", async () => {
    const { body } = await cluster.client.post(cluster.widgets, aWidget());
    const { uid, creationTimestamp } = body.metadata;

    const next = {
      ...body,
      metadata: { ...body.metadata, creationTimestamp: "2001-01-01T00:00:00Z" },
      spec: { ...body.spec, size: 2 },
    };
    const { body: after } = await cluster.client.put(`${cluster.widgets}/${body.metadata.name}`, next);

    expect(after.metadata).toMatchObject({ uid, creationTimestamp });
  });
});

describe("generation", () => {
  test("grows with the spec, and with nothing else", async () => {
    const { body } = await cluster.client.post(cluster.widgets, aWidget());
    const path = `${cluster.widgets}/${body.metadata.name}`;

    const labeled = await cluster.client.merge(path, { metadata: { labels: { a: "1" } } });
    const grown = await cluster.client.merge(path, { spec: { size: 8 } });
    const settled = await cluster.client.merge(`${path}/status`, { status: { phase: "Done" } });

    const generations = [labeled, grown, settled].map((answer) => answer.body.metadata.generation);
    expect(generations).toEqual([1, 2, 2]);
  });
});

describe("the status", () => {
  test("is written by /status alone, and /status writes nothing else", async () => {
    const { body } = await cluster.client.post(cluster.widgets, aWidget());
    const path = `${cluster.widgets}/${body.metadata.name}`;

    const viaObject = await cluster.client.merge(path, { status: { phase: "Wrong" }, spec: { size: 8 } });
    const viaStatus = await cluster.client.merge(`${path}/status`, {
      metadata: { labels: { a: "1" }, finalizers: ["example.dev/held"] },
      status: { phase: "Right" },
      spec: { size: 9 },
    });

    expect(viaObject.body.status).toBeUndefined();
    expect(viaStatus.body).toMatchObject({ status: { phase: "Right" }, spec: { size: 8 } });
    expect(viaStatus.body.metadata.labels).toBeUndefined();
    expect(viaStatus.body.metadata.finalizers).toBeUndefined();
  });

  test("refuses a version that is not current", async () => {
    const { body } = await cluster.client.post(cluster.widgets, aWidget());
    const path = `${cluster.widgets}/${body.metadata.name}/status`;
    await cluster.client.put(path, { ...body, status: { phase: "First" } });

    const stale = await cluster.client.put(path, { ...body, status: { phase: "Second" } });

    expect(stale).toMatchObject({ status: 409, body: { reason: "Conflict" } });
  });

  test("of a resource without one is not served", async () => {
    const { body } = await cluster.client.post(cluster.core("configmaps"), aConfigMap());

    const { status } = await cluster.client.get(`${cluster.core("configmaps")}/${body.metadata.name}/status`);

    expect(status).toBe(404);
  });
});

describe("a ConfigMap and a Secret", () => {
  test("that is immutable keeps its data", async () => {
    const { body } = await cluster.client.post(cluster.core("configmaps"), aConfigMap({ immutable: true }));

    const changed = await cluster.client.merge(`${cluster.core("configmaps")}/${body.metadata.name}`, {
      data: { a: "2" },
    });

    expect(changed.status).toBe(422);
    expect(changed.body.message).toMatch(/data: Forbidden: field is immutable when `immutable` is set/);
  });

  test("holds texts under keys that may be file names", async () => {
    const number = await cluster.client.post(cluster.core("configmaps"), aConfigMap({ data: { a: 1 } }));
    const space = await cluster.client.post(cluster.core("configmaps"), aConfigMap({ data: { "a b": "1" } }));

    expect(number.status).toBe(400);
    expect(number.body.message).toMatch(/cannot unmarshal number into Go struct field ConfigMap\.data of type string/);
    expect(space.status).toBe(422);
    expect(space.body.message).toMatch(/data\[a b\]: Invalid value: "a b": a valid config key must consist of/);
  });

  test("takes stringData and shows data", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: aName() }, stringData: { a: "hello" } };

    const { body } = await cluster.client.post(cluster.core("secrets"), secret);

    expect(body).toMatchObject({ type: "Opaque", data: { a: Buffer.from("hello").toString("base64") } });
    expect(body.stringData).toBeUndefined();
  });
});
