// Bytes of a request into an object.
import type { IncomingMessage } from "node:http";

import { parse } from "yaml";

import { isPlain, type Plain, text } from "./json.ts";
import { decodeProtobuf, protobufType } from "./protobuf.ts";
import { badRequest, Refusal, unsupportedMediaType } from "./refusal.ts";
import type { Resource } from "./resource.ts";

const mostBytes = 3 * 1024 * 1024;
const objectTypes = ["application/json", "application/yaml"];

/** The whole body. @throws {Refusal} 413 above 3 MiB. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer; // no encoding is set on the stream
    size += bytes.length;
    if (size <= mostBytes) chunks.push(bytes); // the rest is read too, or the answer would meet a closed door
  }
  if (size <= mostBytes) return Buffer.concat(chunks);
  throw new Refusal(`Request entity too large: limit is ${mostBytes}`, { code: 413, reason: "RequestEntityTooLarge" });
}

export function contentTypeOf(request: IncomingMessage): string {
  return (request.headers["content-type"] ?? "application/json").split(";")[0]?.trim() ?? "";
}

/** Any JSON or YAML. @throws {Refusal} 400. */
export function parseBody(bytes: Buffer, contentType: string): unknown {
  const source = bytes.toString();
  try {
    return contentType.endsWith("yaml") && !/^\s*[{[]/.test(source) ? parse(source) : JSON.parse(source);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`couldn't get version/kind; json parse error: ${why}`);
  }
}

/** An object that names the kind that the path is about. @throws {Refusal} 400, 415. */
export function parseObject(bytes: Buffer, contentType: string, resource: Resource): Plain {
  const message = contentType === protobufType ? decodeProtobuf(bytes) : undefined;
  if (message) return message;
  if (!objectTypes.includes(contentType)) throw unsupportedMediaType([...objectTypes, protobufType]);
  const body = parseBody(bytes, contentType);
  if (!isPlain(body)) throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind})`);
  const kind = text(body["kind"]);
  if (resource.schema && kind === "") {
    const found = bytes.toString();
    const what = `Object 'Kind' is missing in '${found}'`;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): ${what} (${found.slice(0, 29)} ...)`,
    );
  }
  return body;
}
