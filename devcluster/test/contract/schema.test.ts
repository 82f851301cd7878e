// What a definition's schema does to its objects, in the words that people see.
import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";
import { parse } from "yaml";

import type { Body } from "./kit/client.ts";
import { eventually, useCluster } from "./kit/cluster.ts";
import { aName, aWidget } from "./kit/objects.ts";

const cluster = useCluster();

async function refusalOf(spec: object): Promise<{ field: string; message: string; reason: string }> {
  const { status, body } = await cluster.client.post(cluster.widgets, aWidget({ spec }));
  expect(status).toBe(422);
  expect(body.reason).toBe("Invalid");
  return body.details.causes[0];
}

const unchecked =
  "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

describe("validation", () => {
  test.each([
    {
      spec: { colour: "blue" },
      field: "spec.colour",
      message: 'Unsupported value: "blue": supported values: "red", "green"',
      reason: "FieldValueNotSupported",
    },
    { spec: { colour: null }, field: "spec.colour", message: "Required value", reason: "FieldValueRequired" },
    {
      spec: { size: 0 },
      field: "spec.size",
      message: "Invalid value: 0: spec.size in body should be greater than or equal to 1",
      reason: "FieldValueInvalid",
    },
    {
      spec: { size: 101 },
      field: "spec.size",
      message: "Invalid value: 101: spec.size in body should be less than or equal to 100",
      reason: "FieldValueInvalid",
    },
    {
      spec: { size: "x" },
      field: "spec.size",
      message: 'Invalid value: "string": spec.size in body must be of type integer: "string"',
      reason: "FieldValueTypeInvalid",
    },
    {
      spec: { size: 1.5 },
      field: "spec.size",
      message: 'Invalid value: "number": spec.size in body must be of type integer: "number"',
      reason: "FieldValueTypeInvalid",
    },
    {
      spec: { label: "x" },
      field: "spec.label",
      message: 'Invalid value: "x": spec.label in body should be at least 2 chars long',
      reason: "FieldValueInvalid",
    },
    {
      spec: { label: "too long" },
      field: "spec.label",
      message: "Too long: may not be more than 5 bytes",
      reason: "FieldValueTooLong",
    },
    {
      spec: { code: "A1" },
      field: "spec.code",
      message: "Invalid value: \"A1\": spec.code in body should match '^[a-z]+$'",
      reason: "FieldValueInvalid",
    },
    {
      spec: { at: "yesterday" },
      field: "spec.at",
      message: 'Invalid value: "yesterday": spec.at in body must be of type date-time: "yesterday"',
      reason: "FieldValueTypeInvalid",
    },
    {
      spec: { port: true },
      field: "spec.port",
      message: 'Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
      reason: "FieldValueTypeInvalid",
    },
    {
      spec: { tags: ["a", "b", "c", "d"] },
      field: "spec.tags",
      message: "Too many: 4: must have at most 3 items",
      reason: "FieldValueTooMany",
    },
    {
      spec: { marks: ["a", "a"] },
      field: "spec.marks[1]",
      message: 'Duplicate value: "a"',
      reason: "FieldValueDuplicate",
    },
    {
      spec: { words: { a: "1", b: "2", c: "3" } },
      field: "spec.words",
      message: "Too many: 3: must have at most 2 items",
      reason: "FieldValueTooMany",
    },
    {
      spec: { words: { a: 1 } },
      field: "spec.words.a",
      message: 'Invalid value: "integer": spec.words.a in body must be of type string: "integer"',
      reason: "FieldValueTypeInvalid",
    },
    { spec: { parts: [{}] }, field: "spec.parts[0].name", message: "Required value", reason: "FieldValueRequired" },
    {
      spec: { parts: [{ name: "a" }, { name: "a" }] },
      field: "spec.parts[1]",
      message: 'Duplicate value: {"name":"a"}',
      reason: "FieldValueDuplicate",
    },
    {
      spec: { source: { left: "a", right: "b" } },
      field: "<nil>",
      message:
        'Invalid value: "": "spec.source" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      reason: "FieldValueInvalid",
    },
    {
      spec: { source: {} },
      field: "<nil>",
      message: 'Invalid value: "": "spec.source" must validate one and only one schema (oneOf). Found none valid',
      reason: "FieldValueInvalid",
    },
  ])("refuses $spec", async ({ spec, ...expected }) => {
    const cause = await refusalOf(spec);

    expect(cause).toEqual(expected);
  });

  test.each([
    { spec: { size: 1, label: "xx" }, bound: "lower" },
    { spec: { size: 100, label: "xxxxx", code: "abcdefghij", tags: ["a", "b", "c"] }, bound: "upper" },
  ])("takes what stands on its $bound bounds", async ({ spec }) => {
    const { status, body } = await cluster.client.post(cluster.widgets, aWidget({ spec }));

    expect(status).toBe(201);
    expect(body.spec).toMatchObject(spec);
  });

  test("names all that is wrong, and that rules were not asked", async () => {
    const widget = aWidget({ spec: { colour: "blue", size: 0 } });

    const { body } = await cluster.client.post(cluster.widgets, widget);

    const { name } = widget.metadata;
    expect(body.message).toContain(`Widget.contract.example.dev "${name}" is invalid: [`);
    expect(body.message).toContain(unchecked);
    expect(body.details).toMatchObject({ name, group: "contract.example.dev", kind: "Widget" });
    expect(body.details.causes.map((cause: Body) => cause.field).sort()).toEqual(["<nil>", "spec.colour", "spec.size"]);
  });

  test("lets an update keep what was wrong before and is not touched", async () => {
    const { body } = await cluster.client.post(cluster.widgets, aWidget({ spec: { size: 100 } }));

    const { status } = await cluster.client.merge(`${cluster.widgets}/${body.metadata.name}`, {
      metadata: { labels: { a: "1" } },
    });

    expect(status).toBe(200);
  });
});

describe("defaults, nulls and pruning", () => {
  test("a default fills what is absent, in the items of lists too", async () => {
    const { body } = await cluster.client.post(cluster.widgets, aWidget({ spec: { parts: [{ name: "a" }] } }));

    expect(body.spec).toEqual({ colour: "red", size: 7, parts: [{ name: "a", weight: 1 }] });
  });

  test("a null gives way to the default, or goes, unless the field is nullable", async () => {
    const { body } = await cluster.client.post(
      cluster.widgets,
      aWidget({ spec: { size: null, label: null, note: null, free: null } }),
    );

    expect(body.spec).toEqual({ colour: "red", size: 7, note: null, free: null });
  });

  test("an unknown field goes, with a warning; a field that preserves keeps everything, nulls included", async () => {
    const { status, headers, body } = await cluster.client.post(
      cluster.widgets,
      aWidget({ spec: { foo: 1, free: { a: null, b: [null, { c: null }] } } }),
    );

    expect(status).toBe(201);
    expect(headers["warning"]).toBe('299 - "unknown field \\"spec.foo\\""');
    expect(body.spec).toEqual({ colour: "red", size: 7, free: { a: null, b: [null, { c: null }] } });
  });

  test("under fieldValidation=Strict an unknown field is a 400 that names them all", async () => {
    const widget = aWidget({ spec: { foo: 1, parts: [{ name: "a", x: 1 }] }, bar: 1 });

    const { status, body } = await cluster.client.post(`${cluster.widgets}?fieldValidation=Strict`, widget);

    expect(status).toBe(400);
    expect(body.message).toBe(
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "bar", unknown field "spec.foo", unknown field "spec.parts[0].x"',
    );
  });

  test("under fieldValidation=Ignore it goes without a word", async () => {
    const { headers, body } = await cluster.client.post(
      `${cluster.widgets}?fieldValidation=Ignore`,
      aWidget({ spec: { foo: 1 } }),
    );

    expect(headers["warning"]).toBeUndefined();
    expect(body.spec.foo).toBeUndefined();
  });

  test("an unknown field of metadata is told too", async () => {
    const widget = aWidget({ metadata: { foo: 1 } });

    const { body } = await cluster.client.post(`${cluster.widgets}?fieldValidation=Strict`, widget);

    expect(body.message).toMatch(/strict decoding error: unknown field "metadata\.foo"$/);
  });
});

describe("rules in CEL", () => {
  test.each([
    {
      spec: { size: 13 },
      field: "spec",
      message: 'Invalid value: "object": 13 is unlucky',
      reason: "FieldValueInvalid",
    },
    {
      spec: { label: "forty" },
      field: "spec.label",
      message: "Forbidden: not this label",
      reason: "FieldValueForbidden",
    },
  ])("refuse $spec", async ({ spec, ...expected }) => {
    expect(await refusalOf(spec)).toEqual(expected);
  });

  test("see the object's name", async () => {
    const { body } = await cluster.client.post(cluster.widgets, aWidget({ name: "a-name-that-is-far-too-long" }));

    expect(body.details.causes).toEqual([
      {
        reason: "FieldValueInvalid",
        message: 'Invalid value: "object": metadata.name must be at most 20 characters',
        field: "metadata.name",
      },
    ]);
  });

  test("about a change are silent at the create and speak at the update", async () => {
    const { status, body } = await cluster.client.post(cluster.widgets, aWidget());

    const changed = await cluster.client.merge(`${cluster.widgets}/${body.metadata.name}`, {
      spec: { colour: "green" },
    });

    expect(status).toBe(201);
    expect(changed.status).toBe(422);
    expect(changed.body.details.causes).toEqual([
      { reason: "FieldValueInvalid", message: 'Invalid value: "object": colour is immutable', field: "spec.colour" },
    ]);
  });
});

describe("a definition", () => {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

  test("that is accepted says so in its conditions", async () => {
    const { body } = await cluster.client.get(`${definitions}/widgets.contract.example.dev`);

    const conditions = body.status.conditions.map((one: Body) => `${one.type}=${one.status}/${one.reason}`).sort();
    expect(conditions).toEqual(["Established=True/InitialNamesAccepted", "NamesAccepted=True/NoConflicts"]);
    expect(body.status.acceptedNames).toMatchObject({ kind: "Widget", plural: "widgets", shortNames: ["wdg"] });
    expect(body.status.storedVersions).toEqual(["v1"]);
  });

  test("is named by plural and group", async () => {
    const definition = widgetDefinition();

    const { status, body } = await cluster.client.post(definitions, {
      ...definition,
      metadata: { name: "other.contract.example.dev" },
    });

    expect(status).toBe(422);
    expect(body.message).toContain(
      'metadata.name: Invalid value: "other.contract.example.dev": must be spec.names.plural+"."+spec.group',
    );
  });

  test("that takes a name of another is kept, and not served", async () => {
    const definition = withSpecSchema({ type: "object" });
    const { plural } = definition.spec.names;
    const names = { plural, singular: `one${plural}`, kind: "Widget", listKind: `List${plural}` };
    const path = `${definitions}/${definition.metadata.name}`;
    const conditionsOf = ({ body }: { body: Body }): string[] =>
      (body.status?.conditions ?? []).map((one: Body) => `${one.type}=${one.status}/${one.reason}: ${one.message}`);

    await cluster.client.post(definitions, { ...definition, spec: { ...definition.spec, names } });
    const judged = await eventually(
      () => cluster.client.get(path),
      (answer) => conditionsOf(answer).length === 2,
    );
    const served = await cluster.client.get(`/apis/contract.example.dev/v1/${plural}`);
    await cluster.client.delete(path);

    expect(conditionsOf(judged)).toEqual([
      'NamesAccepted=False/KindConflict: "Widget" is already in use',
      "Established=False/NotAccepted: not all names are accepted",
    ]);
    expect(served.status).toBe(404);
  });

  test("with a rule that is no CEL, or a field without a type, is refused", async () => {
    const broken = withSpecSchema({ type: "object", "x-kubernetes-validations": [{ rule: "self.(" }] });
    const untyped = withSpecSchema({ properties: {} });

    const [noCel, noType] = [
      await cluster.client.post(`${definitions}?dryRun=All`, broken),
      await cluster.client.post(`${definitions}?dryRun=All`, untyped),
    ];

    expect(noCel).toMatchObject({ status: 422 });
    expect(noCel.body.message).toContain(
      "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value",
    );
    expect(noType).toMatchObject({ status: 422 });
    expect(noType.body.message).toContain(
      "spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields",
    );
  });
});

function widgetDefinition(): Body {
  return parse(readFileSync(new URL("kit/widgets.yaml", import.meta.url), "utf8"));
}

function withSpecSchema(schema: object): Body {
  const plural = aName().replaceAll("-", "");
  const { apiVersion, kind } = widgetDefinition();
  const openAPIV3Schema = { type: "object", properties: { spec: schema } };
  return {
    apiVersion,
    kind,
    metadata: { name: `${plural}.contract.example.dev` },
    spec: {
      group: "contract.example.dev",
      names: { plural, kind: `Kind${plural}` },
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
}
