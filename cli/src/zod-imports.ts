// zod by the parts that are used.
//
// `import { z } from "zod"` and `import z from "zod"` take zod's namespace from a module that exports it as a value, and of a
// value a bundler keeps all: 700 KB, a third of it zod's messages in fifty languages. `import * as z from "zod"` means the
// same, and of that it keeps what is named. So such a statement is bundled as if it were written that way. Who passes `z`
// itself on, or exports it again, still gets the whole.
import { readFile } from "node:fs/promises";

import { init, parse, type ImportSpecifier } from "es-module-lexer";
import type { Plugin } from "esbuild";

/** The modules that export their namespace as `z`, and as their default. */
const zod = /^zod(?:\/(?:v3|v4|mini|v4-mini))?$/;

export const zodImports: Plugin = {
  name: "zod-imports",
  setup(bundler) {
    bundler.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      if (!/["']zod["'/]/.test(source)) return undefined;
      return { contents: await withNamespaces(source), loader: "default" };
    });
  },
};

/** The source with zod's namespace imported as one. Every line keeps its number. */
export async function withNamespaces(source: string): Promise<string> {
  await init;
  const ofZod = importsIn(source).filter(({ n: module = "" }) => zod.test(module));
  return ofZod.reduceRight(
    (text, { ss: start, se: end }) => text.slice(0, start) + rewritten(text.slice(start, end)) + text.slice(end),
    source,
  );
}

function importsIn(source: string): readonly ImportSpecifier[] {
  try {
    return parse(source)[0];
  } catch {
    return []; // what it cannot read, JSX for one, is bundled as it stands
  }
}

/** `import <default>, { <names> } from "zod"`: nothing else has a namespace among what it names. */
const statementOfNames = /^import\s+(?:([\w$]+)\s*,?\s*)?(?:\{([^}]*)\}\s*)?from\s*(\S+)$/;
const namespace = /^(?:z|default)(?:\s+as\s+([\w$]+))?$/;

function rewritten(statement: string): string {
  const [, byDefault, list = "", module] = statementOfNames.exec(statement) ?? [];
  if (module === undefined || byDefault === "type") return statement;
  const bare = list.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "").replaceAll(/\s+/g, " ");
  const names = bare.split(",").map((name) => name.trim());
  const namespaces = names.flatMap((name) => {
    const [whole, local = whole] = namespace.exec(name) ?? [];
    return local === undefined ? [] : [local];
  });
  const others = names.filter((name) => name !== "" && !namespace.test(name));
  const imports = [
    ...[byDefault ?? [], namespaces].flat().map((local) => `import * as ${local} from ${module}`),
    ...(others.length > 0 ? [`import { ${others.join(", ")} } from ${module}`] : []),
  ];
  return imports.join("; ") + statement.replaceAll(/[^\n]/g, "");
}
