// What the documentation shows in TypeScript is TypeScript, and that of this version.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { root } from "../architecture/sources.ts";
import { sectionAt } from "../semantics/contract.ts";
import { builtSections } from "../semantics/exceptions.ts";
import { run } from "../shell.ts";
import { blocksOf, modulesOf, type Block } from "./blocks.ts";

const pages = ["README.md", ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })]
  .filter((file) => file.endsWith(".md"))
  .map((file) => (file === "README.md" ? file : join("docs", file)));

/** Of the contract, what is built: its other sections show what is to come. */
function isBuilt({ page, line }: Block): boolean {
  return page !== "docs/semantics.md" || builtSections.includes(sectionAt(line));
}

/** Gives what the compiler says of the modules: nothing, if all is well. */
async function compile(modules: ReadonlyMap<string, string>): Promise<string> {
  mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
  const folder = mkdtempSync(join(root, "node_modules/.cache/stint-docs-"));
  try {
    cpSync(join(root, "test/docs/src"), join(folder, "src"), { recursive: true });
    mkdirSync(join(folder, "blocks"));
    for (const [file, text] of modules) writeFileSync(join(folder, "blocks", file), text);
    const files = [...modules.keys()].map((file) => `blocks/${file}`);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: "../../../tsconfig.base.json", files }));
    const { output } = await run("tsc", ["-p", folder]);
    return output.trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("every block of TypeScript compiles, with what stands above it on its page", async () => {
  const modules = pages.flatMap((page) => [...modulesOf(blocksOf(page).filter(isBuilt))]);

  expect(modules.length).toBeGreaterThan(25);
  expect(await compile(new Map(modules))).toBe("");
});

test("a block that is stale is found, with its page and line", async () => {
  const text =
    '# Page\n\n```ts\nimport { task } from "@stint/sdk";\n\nconst one = task("one", (n: number) => n);\n```\n\n';
  const stale = "```ts\nexport const two = one.with({ timeout: 5 });\n```\n";

  const said = await compile(modulesOf(blocksOf("docs/page.md", text + stale)));

  expect(said).toMatch(/docs-page-10\.ts\(1,\d+\): error TS\d+: .*'timeout' does not exist/);
});
