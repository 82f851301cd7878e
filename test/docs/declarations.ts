// Interfaces of the SDK as data: what its doc comments and types say of each option.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parseSync, type Comment, type TSInterfaceDeclaration } from "oxc-parser";

import { root } from "../architecture/sources.ts";

export interface Member {
  readonly name: string;
  /** As it is written. */
  readonly type: string;
  /** The doc comment in one line, without its source. */
  readonly says: string;
  /** `S55`, `S39 to S41`. */
  readonly source: string;
}

/** The members of an interface, without those that it inherits. Throws for one that says nothing, or names no item. */
export function membersOf(path: string, name: string): Member[] {
  const text = readFileSync(join(root, path), "utf8");
  const { program, comments } = parseSync(path, text);
  const declared = program.body.flatMap((statement) =>
    statement.type === "ExportNamedDeclaration" && statement.declaration?.type === "TSInterfaceDeclaration"
      ? [statement.declaration]
      : [],
  );
  const found = declared.find(({ id }) => id.name === name);
  if (!found) throw new Error(`${path} has no interface ${name}`);
  return propertiesOf(found).map(({ start, key, type }) => ({
    name: text.slice(key.start, key.end),
    type: text.slice(type.start, type.end).replace(/\s+/g, " "),
    ...saidIn(docAbove(comments, text, start), `${name}.${text.slice(key.start, key.end)}`),
  }));
}

function propertiesOf({ body }: TSInterfaceDeclaration) {
  return body.body.flatMap((member) =>
    member.type === "TSPropertySignature" && member.typeAnnotation
      ? [{ start: member.start, key: member.key, type: member.typeAnnotation.typeAnnotation }]
      : [],
  );
}

function docAbove(comments: readonly Comment[], text: string, start: number): string {
  const comment = comments.find(({ end }) => end <= start && text.slice(end, start).trim() === "");
  return comment?.value ?? "";
}

function saidIn(comment: string, place: string): Pick<Member, "says" | "source"> {
  const text = comment
    .replace(/^\s*\* ?/gm, "")
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .replace(/\s+/g, " ")
    .trim();
  const [, says, source] = /^(.+?) ?Source: (S\d.*)\.$/.exec(text) ?? [];
  if (says === undefined || source === undefined) throw new Error(`${place} does not say what it means and its source`);
  return { says, source };
}
