// The TypeScript of the documentation, as modules that the compiler can read.
//
// A page is read from top to bottom: a block sees what the blocks above it have imported and declared, unless it imports or
// declares the name itself. So a page says `import { task }` once, and a block may call the task of the one before.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parseSync, Visitor } from "oxc-parser";

import { root } from "../architecture/sources.ts";

export interface Block {
  /** Path of the page from the project's root, and the line on which the block's code begins. */
  readonly page: string;
  readonly line: number;
  readonly code: string;
}

/** The blocks marked `ts` of a page, in order. */
export function blocksOf(page: string, text = readFileSync(join(root, page), "utf8")): Block[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ index, 1: code = "" }) => ({
    page,
    line: text.slice(0, index).split("\n").length + 1,
    code,
  }));
}

/** What the block is called as a file: an error of the compiler then names the page and the line. */
function fileOf({ page, line }: Block): string {
  return `${page.replace(/\.md$/, "").replaceAll("/", "-")}-${line}.ts`;
}

/** The module of each block. The code stands in its first lines, so that the compiler's line is the block's. */
export function modulesOf(blocks: readonly Block[]): Map<string, string> {
  const above = new Map<string, string>();
  const modules = new Map<string, string>();
  for (const block of blocks) {
    const { declared, exported, imported, used } = namesIn(block);
    const own = new Set([...declared, ...imported.keys()]);
    const missing = [...above].filter(([name]) => used.has(name) && !own.has(name));
    const imports = missing.map(([, statement]) => statement);
    const exports = `export { ${declared.filter((name) => !exported.has(name)).join(", ")} };`;
    modules.set(fileOf(block), [block.code, ...imports, exports, ""].join("\n"));
    for (const [name, statement] of imported) above.set(name, statement);
    for (const name of declared) above.set(name, `import { ${name} } from "./${fileOf(block)}";`);
  }
  return modules;
}

/**
 * Gives `use` a folder with the modules, in the tree of the project so that they find its packages, and the project that they
 * speak of beside it; removes it afterwards.
 */
export async function withModules<T>(
  modules: ReadonlyMap<string, string>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
  const folder = mkdtempSync(join(root, "node_modules/.cache/stint-docs-"));
  try {
    cpSync(join(root, "test/docs/src"), join(folder, "src"), { recursive: true });
    mkdirSync(join(folder, "blocks"));
    for (const [file, text] of modules) writeFileSync(join(folder, "blocks", file), text);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Names {
  readonly declared: readonly string[];
  readonly exported: ReadonlySet<string>;
  /** Each with a statement that imports it alone. */
  readonly imported: ReadonlyMap<string, string>;
  /** Every identifier, whatever it names. */
  readonly used: ReadonlySet<string>;
}

function namesIn(block: Block): Names {
  const { program, module, errors } = parseSync(fileOf(block), block.code);
  const [error] = errors;
  if (error) throw new Error(`${block.page}:${block.line}: ${error.message}`);

  const declared = program.body.flatMap((statement) => {
    const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declaration?.type === "ClassDeclaration" && declaration.id) return [declaration.id.name];
    if (declaration?.type !== "VariableDeclaration") return [];
    return declaration.declarations.flatMap(({ id }) => (id.type === "Identifier" ? [id.name] : []));
  });
  const exported = module.staticExports.flatMap(({ entries }) => entries.map(({ exportName }) => exportName.name));
  const imported = module.staticImports.flatMap(({ moduleRequest, entries }) =>
    entries.map(({ importName, localName, isType }) => {
      const what = importName.name === null ? `* as ${localName.value}` : `{ ${localName.value} }`; // no default imports here
      return [localName.value, `import ${isType ? "type " : ""}${what} from "${moduleRequest.value}";`] as const;
    }),
  );
  const used = new Set<string>();
  new Visitor({ Identifier: ({ name }) => void used.add(name) }).visit(program);
  return { declared, exported: new Set(exported.filter((name) => name !== null)), imported: new Map(imported), used };
}
