// The schema of the chart's values as JSON, and as a page for people.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { isObject, type Json, type JsonObject } from "@stint/crds/json";
import { parse } from "yaml";
import { z } from "zod";

import { chart } from "./helm.ts";
import { ValuesSchema } from "./values.ts";

/** What helm checks values by. Rules that only the API server can read are left to it. */
export function valuesSchema(): JsonObject {
  const schema = z.toJSONSchema(ValuesSchema, {
    target: "draft-7",
    override: ({ jsonSchema }) => {
      delete jsonSchema["x-kubernetes-validations"];
    },
  });
  return JSON.parse(JSON.stringify(schema)) as JsonObject; // an object's JSON text is an object's
}

/** What `values.yaml` says: the defaults. */
function defaultValues(): JsonObject {
  return parse(readFileSync(join(chart, "values.yaml"), "utf8")) as JsonObject; // YAML without timestamps is JSON
}

interface Row {
  readonly path: string;
  readonly schema: JsonObject;
  readonly fallback: Json | undefined;
}

/** The whole of docs/reference/values.md. Throws for a value without a description. */
export function valuesPage(): string {
  const rows = rowsOf({ path: "", schema: valuesSchema(), fallback: defaultValues() });
  return [
    "# Values of the chart",
    "",
    "Written by `node test/chart/generate.ts` from the schema that helm checks values by (`helm/values.schema.json`) and from the",
    "defaults in `helm/values.yaml`. Anything else is refused with its path before anything is sent to the cluster. How the chart is",
    "installed, upgraded and removed: [install.md](../install.md). `S9` and the like are items of [semantics.md](../semantics.md).",
    "",
    "| value | may be | default | means |",
    "| --- | --- | --- | --- |",
    ...rows.map(toLine),
    "",
  ].join("\n");
}

/** The values that a schema describes, the parts of an object after the object. */
function rowsOf({ path, schema, fallback }: Row): Row[] {
  const below = (name: string, part: Json, value: Json | undefined): Row[] => {
    if (!isObject(part)) return [];
    const row = { path: path === "" ? name : `${path}.${name}`, schema: part, fallback: value };
    return [row, ...rowsOf(row)];
  };
  const { properties = {}, additionalProperties = false } = schema;
  const parts = isObject(properties) ? Object.entries(properties) : [];
  const ofEach = isObject(additionalProperties) && "properties" in additionalProperties ? additionalProperties : {};
  return [
    ...parts.flatMap(([name, part]) => below(name, part, isObject(fallback) ? fallback[name] : undefined)),
    ...("properties" in ofEach ? rowsOf({ path: `${path}.*`, schema: ofEach, fallback: undefined }) : []),
  ];
}

function toLine({ path, schema, fallback }: Row): string {
  const { description } = schema;
  if (typeof description !== "string") throw new Error(`${path} has no description`);
  const isWhole = "properties" in schema && Object.keys(schema["properties"] ?? {}).length > 0;
  const initial = fallback === undefined || isWhole ? "" : `\`${inFlow(fallback)}\``;
  return `| \`${path}\` | ${kindOf(schema)} | ${initial} | ${description.replaceAll("|", "\\|")} |`;
}

/** A list or an object of more than a few letters is better read where it stands. */
function inFlow(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? "see values.yaml" : text;
}

function kindOf(schema: JsonObject): string {
  const { title, type, enum: choices, anyOf, minimum, maximum, items } = schema;
  if (typeof title === "string") return title;
  if (Array.isArray(anyOf)) return anyOf.filter(isObject).map(kindOf).join(", or ");
  if (Array.isArray(choices)) return choices.map((choice) => `\`${String(choice)}\``).join(", ");
  if (typeof minimum === "number" && typeof maximum === "number") return `${minimum} to ${maximum}`;
  if (type === "array") return isObject(items) ? `list: ${kindOf(items)}` : "list";
  return typeof type === "string" ? type : "anything";
}
