// Writes docs/reference/sources.md: what the five systems document, from the contract's appendix, and the test that shows it here.
// `--check` says whether the page is current.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "../architecture/sources.ts";
import { say } from "../shell.ts";
import { readCitations } from "./citations.ts";
import { readContract } from "./contract.ts";
import { builtSections, notBuilt } from "./exceptions.ts";

interface Statement {
  readonly says: string;
  readonly items: readonly string[];
}

const page = join(root, "docs/reference/sources.md");
const sectionOf = new Map(readContract().map(({ id, section }) => [id, section]));
const testsOf = Map.groupBy(readCitations(), ({ id }) => id);

/** The statements of one line of the appendix: each ends with the items that cover it. */
function statementsOf(line: string): Statement[] {
  const parts = line.split(/(?<=\bS\d+)(?:[.;](?=\s|$))\s*/);
  return parts.flatMap((part) => {
    const ids = part.match(/\bS\d+\b/g);
    if (!ids) return [];
    const says = part.replace(/:?\s*S\d[S\d–, ]*(\([^)]*\))?(,? ?S\d+)*\s*$/, "").replaceAll("|", "\\|");
    return [{ says: says.trim(), items: idsIn(part) }];
  });
}

/** `S2–S4` counts for all three. */
function idsIn(text: string): string[] {
  const ids = [...text.matchAll(/\bS(\d+)(?:–S(\d+))?/g)].flatMap(([, first, last]) =>
    Array.from({ length: Number(last ?? first) - Number(first) + 1 }, (_, index) => `S${Number(first) + index}`),
  );
  return [...new Set(ids)].filter((id) => sectionOf.has(id));
}

function shownBy(id: string): string {
  const files = [...new Set(testsOf.get(id)?.map(({ file }) => file))].toSorted();
  const [file] = files;
  if (file !== undefined) return `${id} [${file.replace(/^.*\//, "")}](../../${file})`;
  const section = sectionOf.get(id) ?? 0;
  if (notBuilt[id] !== undefined || !builtSections.includes(section)) return `${id} not built yet`;
  return `${id} **no test**`;
}

function write(): string {
  const appendix = readFileSync(join(root, "docs/semantics.md"), "utf8").split(/^## Appendix.*$/m)[1] ?? "";
  const body = appendix.split("\n").flatMap((line) => {
    const heading = /^### . (.+)$/.exec(line);
    if (heading) return ["", `## ${heading[1]}`, "", "| documented there | shown here by |", "| --- | --- |"];
    if (!line.startsWith("- ")) return [];
    return statementsOf(line.slice(2)).map(({ says, items }) => `| ${says} | ${items.map(shownBy).join(", ")} |`);
  });
  return [
    "# What the five sources document, and where it is shown here",
    "",
    "Written by `node test/semantics/sources-page.ts` from the appendix of [semantics.md](../semantics.md) and from the tests that",
    "cite its items. `[ERR]` marks a defined behaviour on failure or bad input.",
    ...body,
    "",
  ].join("\n");
}

const text = write();
if (!process.argv.includes("--check")) writeFileSync(page, text);
else if (!existsSync(page) || readFileSync(page, "utf8") !== text) {
  say("docs/reference/sources.md is not current: node test/semantics/sources-page.ts");
  process.exitCode = 1;
}
