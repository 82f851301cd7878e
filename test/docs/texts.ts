// Texts of the code, made comparable with those of the documentation: what differs from case to case is a hole.
import { Visitor, type NewExpression } from "oxc-parser";

import { parse, type Source } from "../architecture/sources.ts";

/** A text that the code can say. */
export interface Text {
  /** With `<>` for each value. */
  readonly words: string;
  /** `sdk/src/task.ts:222`. */
  readonly at: string;
  /** The error whose message it is, if it is written into its `new`; `message`, if it is a member of that name. */
  readonly role?: string;
  /** Whether a text of the documentation, which has something like `<name>` in each hole, is this one. */
  fits(written: string): boolean;
}

/** Every text of the file that has two words at least, values not counted: `${what}: ${message}` would fit anything. */
export function textsIn(source: Source): Text[] {
  const found: Text[] = [];
  const roles = new Map<number, string>();
  const note = (start: number, pieces: readonly string[]): void => {
    const words = pieces.join("<>");
    if (!words.includes(" ") || (pieces.join(" ").match(/[A-Za-z]{2,}/g) ?? []).length < 2) return;
    const role = roles.get(start);
    const pattern = new RegExp(`^${pieces.map(escaped).join(".*")}$`);
    found.push({
      words,
      at: `${source.path}:${source.text.slice(0, start).split("\n").length}`,
      ...(role !== undefined && { role }),
      fits: (written) => pattern.test(written),
    });
  };
  new Visitor({
    NewExpression(made) {
      const error = errorOf(made);
      const [message] = made.arguments;
      if (error !== undefined && message) roles.set(message.start, error);
    },
    Property({ key, value }) {
      if (key.type === "Identifier" && key.name === "message") roles.set(value.start, "message");
    },
    Literal({ start, value }) {
      if (typeof value === "string") note(start, [value]);
    },
    TemplateLiteral({ start, quasis }) {
      note(
        start,
        quasis.map(({ value }) => value.cooked ?? ""),
      );
    },
  }).visit(parse(source).program);
  return found;
}

function errorOf({ callee }: NewExpression): string | undefined {
  return callee.type === "Identifier" && callee.name.endsWith("Error") ? callee.name : undefined;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
