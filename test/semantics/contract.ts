// The items of docs/semantics.md, as a list.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "../architecture/sources.ts";

export interface Item {
  /** `S12`. */
  readonly id: string;
  /** Number of the section that it stands in. */
  readonly section: number;
  /** Its first words, in bold. */
  readonly title: string;
}

const readPage = (): string => readFileSync(join(root, "docs/semantics.md"), "utf8");

/** The number of the section in which a line of the page stands. */
export function sectionAt(line: number): number {
  const above = readPage().split("\n").slice(0, line);
  return Number(/^## (\d+) /.exec(above.findLast((text) => text.startsWith("## ")) ?? "")?.[1] ?? -1);
}

/** All items, in the order of the page. */
export function readContract(text = readPage()): Item[] {
  let section = -1;
  return text.split("\n").flatMap((line) => {
    const heading = /^## (\d+) /.exec(line);
    if (heading) section = Number(heading[1]);
    const item = /^- \*\*(S\d+)\*\*\s+(?:\*\*(.+?)\*\*|(.{1,40}))/.exec(line);
    return item?.[1] === undefined
      ? []
      : [{ id: item[1], section, title: (item[2] ?? item[3] ?? "").replace(/[.,:]$/, "") }];
  });
}

/** The items of each field of `TaskRun.spec` or `TaskBundle.spec`, by the contract's table; throws for a field that it lacks. */
export function readItemsOf(spec: string): (field: string) => string {
  const [, table = ""] = readPage().split(`Fields of \`${spec}\``);
  const rows = (/^(?:\|.*\n)+/m.exec(table)?.[0] ?? "").split("\n").map((line) => line.split(" | "));
  const items = new Map<string, string>();
  for (const [names = "", ...cells] of rows) {
    const [fields = ""] = names.split(", instead of ");
    for (const [, name = ""] of fields.matchAll(/`(\w+)`/g)) items.set(name, cells.at(-1)?.replace(/ \|$/, "") ?? "");
  }
  return (field) => {
    const found = items.get(field);
    if (found === undefined) throw new Error(`the contract's table of ${spec} has no field ${field}`);
    return found;
  };
}
