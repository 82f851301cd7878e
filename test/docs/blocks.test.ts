// What the documentation shows in TypeScript is TypeScript, and that of this version.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { root } from "../architecture/sources.ts";
import { sectionAt } from "../semantics/contract.ts";
import { builtSections } from "../semantics/exceptions.ts";
import { run } from "../shell.ts";
import { blocksOf, modulesOf, withModules, type Block } from "./blocks.ts";

const pages = ["README.md", ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })]
  .filter((file) => file.endsWith(".md"))
  .map((file) => (file === "README.md" ? file : join("docs", file)));

/** Of the contract, what is built: its other sections show what is to come. */
function isBuilt({ page, line }: Block): boolean {
  return page !== "docs/semantics.md" || builtSections.includes(sectionAt(line));
}

/** What the compiler says of the modules, one line for each error. */
async function compile(modules: ReadonlyMap<string, string>): Promise<string> {
  return withModules(modules, async (folder) => {
    const files = [...modules.keys()].map((file) => `blocks/${file}`);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: "../../../tsconfig.base.json", files }));
    const { output } = await run("tsc", ["-p", folder]);
    return output.trim();
  });
}

/** A compiler's whole start, on a machine that others use too. */
const timeout = 300_000;

test(
  "every block of TypeScript compiles, with what stands above it on its page; a stale one is found",
  { timeout },
  async () => {
    const modules = pages.flatMap((page) => [...modulesOf(blocksOf(page).filter(isBuilt))]);
    const text =
      '# Page\n\n```ts\nimport { task } from "@stint/sdk";\n\nconst one = task("one", (n: number) => n);\n```\n\n';
    const stale = "```ts\nexport const two = one.with({ timeout: 5 });\n```\n";

    const said = await compile(new Map([...modules, ...modulesOf(blocksOf("docs/stale.md", text + stale))]));

    expect(modules.length).toBeGreaterThan(25);
    expect(said).toMatch(/^\S*docs-stale-10\.ts\(1,\d+\): error TS\d+: .*'timeout' does not exist.*$/); // that line alone
  },
);
