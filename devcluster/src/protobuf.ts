// The few messages that kubectl sends in protobuf whatever a server prefers: `kubectl create namespace`, `create token`,
// `drain` and their like. Answers are JSON, which it takes.
//
// Field numbers are those of the generated.proto files of k8s.io/api and k8s.io/apimachinery.
import { isList, plain, type Plain, text } from "./json.ts";

export const protobufType = "application/vnd.kubernetes.protobuf";

/** How a field is read; `[type]` is a repeated one, a record a message inside. */
type FieldType = "string" | "bytes" | "int" | "bool" | "map" | "bytesMap" | Message | readonly [FieldType];

interface Message {
  readonly [fieldNumber: number]: readonly [name: string, type: FieldType];
}

const ownerReference: Message = {
  1: ["kind", "string"],
  3: ["name", "string"],
  4: ["uid", "string"],
  5: ["apiVersion", "string"],
  6: ["controller", "bool"],
  7: ["blockOwnerDeletion", "bool"],
};
const metadata: Message = {
  1: ["name", "string"],
  2: ["generateName", "string"],
  3: ["namespace", "string"],
  5: ["uid", "string"],
  6: ["resourceVersion", "string"],
  11: ["labels", "map"],
  12: ["annotations", "map"],
  13: ["ownerReferences", [ownerReference]],
  14: ["finalizers", ["string"]],
};
const deleteOptions: Message = {
  1: ["gracePeriodSeconds", "int"],
  2: ["preconditions", { 1: ["uid", "string"], 2: ["resourceVersion", "string"] }],
  4: ["propagationPolicy", "string"],
  5: ["dryRun", ["string"]],
};
const boundObjectRef: Message = {
  1: ["kind", "string"],
  2: ["apiVersion", "string"],
  3: ["name", "string"],
  4: ["uid", "string"],
};
const tokenSpec: Message = {
  1: ["audiences", ["string"]],
  3: ["boundObjectRef", boundObjectRef],
  4: ["expirationSeconds", "int"],
};
const review: Message = { 1: ["metadata", metadata] };

const messages: Readonly<Record<string, Message>> = {
  Namespace: { 1: ["metadata", metadata] },
  ConfigMap: { 1: ["metadata", metadata], 2: ["data", "map"], 3: ["binaryData", "bytesMap"], 4: ["immutable", "bool"] },
  Secret: {
    1: ["metadata", metadata],
    2: ["data", "bytesMap"],
    3: ["type", "string"],
    4: ["stringData", "map"],
    5: ["immutable", "bool"],
  },
  ServiceAccount: { 1: ["metadata", metadata], 4: ["automountServiceAccountToken", "bool"] },
  Eviction: { 1: ["metadata", metadata], 2: ["deleteOptions", deleteOptions] },
  DeleteOptions: deleteOptions,
  TokenRequest: { 1: ["metadata", metadata], 2: ["spec", tokenSpec] },
  SelfSubjectAccessReview: review,
  SelfSubjectReview: review,
};

const envelope: Message = {
  1: ["typeMeta", { 1: ["apiVersion", "string"], 2: ["kind", "string"] }],
  2: ["raw", "bytes"],
};
const magic = Buffer.from("k8s\0");

/** The object in the bytes; undefined for what is no such message, or of a kind that is not known here. */
export function decodeProtobuf(bytes: Buffer): Plain | undefined {
  if (!bytes.subarray(0, magic.length).equals(magic)) return undefined;
  const { typeMeta, raw } = decode(bytes.subarray(magic.length), envelope);
  const { kind, apiVersion } = plain(typeMeta);
  const message = messages[text(kind)];
  if (!message) return undefined;
  return { kind, apiVersion, ...decode(Buffer.from(text(raw), "base64"), message) };
}

function decode(bytes: Buffer, message: Message): Plain {
  const found: Record<string, unknown> = {};
  for (const { number, value } of fieldsIn(bytes)) {
    const [name, type] = message[number] ?? [];
    if (name === undefined || type === undefined) continue;
    if (type === "map" || type === "bytesMap") found[name] = { ...(found[name] as Plain), ...entryOf(value, type) }; // filled here alone
    else if (isList(type)) found[name] = [...((found[name] as unknown[]) ?? []), valueOf(value, type[0])]; // likewise
    else found[name] = valueOf(value, type);
  }
  return found;
}

function entryOf(value: Buffer | bigint, type: "map" | "bytesMap"): Plain {
  const entry = decode(Buffer.from(value as Buffer), {
    1: ["key", "string"],
    2: ["value", type === "map" ? "string" : "bytes"],
  }); // an entry is a message
  return { [text(entry["key"])]: entry["value"] ?? "" };
}

function valueOf(value: Buffer | bigint, type: FieldType): unknown {
  if (typeof value === "bigint") return type === "bool" ? value !== 0n : Number(value);
  if (type === "string") return value.toString();
  return type === "bytes" ? value.toString("base64") : decode(value, type as Message); // no other type is left
}

function* fieldsIn(bytes: Buffer): Generator<{ readonly number: number; readonly value: Buffer | bigint }> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    if (wire === 0) yield { number: tag >> 3, value: varint() };
    else if (wire === 2) {
      const length = Number(varint());
      at += length;
      yield { number: tag >> 3, value: bytes.subarray(at - length, at) };
    } else at += wire === 1 ? 8 : 4; // fixed numbers: none of our fields
  }
}
