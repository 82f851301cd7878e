// Fields of a custom resource as data: what its zod schema asks for, in words.
import { z } from "zod";

export interface Field {
  readonly name: string;
  readonly type: string;
  /** Empty where there are none. */
  readonly bounds: string;
  /** What the schema says of it, without what is so if it is absent; empty where it says nothing. */
  readonly says: string;
  /** What is so if it is absent, where the schema says that. */
  readonly absent?: string | undefined;
}

/** The part of a JSON Schema that fields of ours use. */
interface Json {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
  readonly items?: Json;
  readonly properties?: Readonly<Record<string, Json>>;
  readonly additionalProperties?: Json | boolean;
}

/** The fields of an object schema, in its order. */
export function fieldsOf(schema: z.ZodType): Field[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Json; // of an object
  return Object.entries(properties).map(([name, json]) => ({
    name,
    type: typeOf(json),
    bounds: boundsOf(json),
    ...saidIn(json.description ?? ""),
  }));
}

function saidIn(description: string): Pick<Field, "says" | "absent"> {
  const [, says = description, absent] = /^(.*?)(?:[;,] ([^;,]*(?:, none,)?)) if absent\.?$/.exec(description) ?? [];
  return { says: says.replace(/\.?$/, says === "" ? "" : "."), absent: absent?.replace(/, none,$/, "") };
}

function typeOf(json: Json): string {
  if (json.enum) return json.enum.map((word) => `\`${word}\``).join(" or ");
  switch (json.type) {
    case "integer":
      return "integer";
    case "string":
      return json.format === "date-time" ? "instant in RFC 3339" : "text";
    case "array":
      return `list of ${plural(json.items ?? {})}`;
    case "object":
      return objectOf(json);
    default:
      return json.type ?? "JSON";
  }
}

function objectOf({ properties, additionalProperties }: Json): string {
  if (properties && Object.keys(properties).length > 0) return `\`{ ${Object.keys(properties).join(", ")} }\``;
  return typeof additionalProperties === "object" && additionalProperties.type === "string" ? "map of texts" : "object";
}

function plural(items: Json): string {
  const type = typeOf(items);
  return type.startsWith("`") ? type : `${type}s`;
}

function boundsOf({ minimum, maximum, minLength, maxLength, minItems, maxItems, items }: Json): string {
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (maxLength !== undefined) return `${upTo(minLength, maxLength)} characters`;
  if (maxItems === undefined) return "";
  const each = items ? boundsOf(items) : "";
  return `${upTo(minItems, maxItems)}${each === "" ? "" : `, each ${each}`}`;
}

function upTo(least: number | undefined, most: number): string {
  return least ? `${least} to ${most}` : `at most ${most}`;
}
