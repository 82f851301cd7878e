// User code and what it imports, in one module that a pod can load: nothing is installed there but the SDK.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import {
  build,
  context,
  formatMessages,
  type BuildFailure,
  type BuildOptions,
  type Message,
  type Metafile,
  type Plugin,
} from "esbuild";

import { limits } from "@stint/crds/limits";

import { Problem } from "./problem.ts";
import { zodImports } from "./zod-imports.ts";

/** CommonJS packages ask for node's built-ins by `require`, which a module does not have. */
const banner = `import { createRequire as stintRequire } from "node:module"; globalThis.require ??= stintRequire(import.meta.url);`;

const common = {
  write: false,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  keepNames: true,
  charset: "utf8",
  legalComments: "none",
  external: ["@stint/sdk"], // the runner brings it, and the tasks have to be registered in the runner's own
  banner: { js: banner },
  plugins: [zodImports],
  logLevel: "silent",
} as const satisfies BuildOptions;

/** Identifiers stay: see {@link bundleFile}. */
const small = { minifyWhitespace: true, minifySyntax: true, metafile: true } as const satisfies BuildOptions;

/**
 * The entry point as one ES module for Node 24, at most 524288 bytes of UTF-8.
 *
 * Functions keep their names, since a task without a written name has its function's (S2), and parameters keep theirs,
 * since named input is bound by them (S32). Lines are kept too, for the stacks of errors, unless the code would be too large
 * with them. Throws a {@link Problem} if there is no such file, if it cannot be bundled, with the place of each error, or if
 * the result is too large.
 */
export async function bundleFile(entry: string): Promise<string> {
  expectEntry(entry);
  const result = await build({ ...common, entryPoints: [entry] }).catch(async (error: unknown) => {
    throw isBuildFailure(error) ? await toProblem(entry, error.errors) : error;
  });
  const code = textOf(result.outputFiles);
  return fits(code) ? code : smallBundle(entry);
}

/** Throws a {@link Problem} if there is no such file. */
export function expectEntry(entry: string): void {
  if (statSync(entry, { throwIfNoEntry: false })?.isFile() === true) return;
  throw new Problem(`entry point ${entry} does not exist`, "Name the module that imports all tasks.");
}

/** Code that is ready to be loaded, or why there is none. */
export type Built = { readonly code: string } | { readonly problem: Problem };

export interface Watching {
  /** Told of each result. */
  readonly tell: (built: Built) => void;
  readonly stop: AbortSignal;
  /** Path of a file that goes away soon after this process does, however it ends. */
  readonly lifeline?: string | undefined;
}

/**
 * Bundles the entry point now and after each change of a file that went into it, until `stop` is aborted, and tells of each
 * result. The code bears a map to its sources, unless it would be too large with it.
 */
export async function watchBundle(entry: string, { tell, stop, lifeline }: Watching): Promise<void> {
  const outfile = resolve("bundle.mjs"); // not written: the map names the sources from here
  const watching = await context({
    ...common,
    entryPoints: [entry],
    outfile,
    sourcemap: "external",
    sourcesContent: false,
    sourceRoot: `${pathToFileURL(process.cwd()).href}/`,
    plugins: [
      ...common.plugins,
      {
        name: "tell",
        setup: (bundler) =>
          bundler.onEnd(async ({ errors, outputFiles = [] }) => {
            tell(errors.length > 0 ? { problem: await toProblem(entry, errors) } : await mapped(entry, outputFiles));
          }),
      },
      ...(lifeline === undefined ? [] : [hungOn(lifeline)]),
    ],
  });
  stop.addEventListener("abort", () => void watching.dispose(), { once: true });
  if (!stop.aborted) await watching.watch();
}

/**
 * Has the bundler, a process of its own, end with us. While it watches it ends only when it has something to say and nobody
 * is there. It asks after us once a second, but if we end before we have answered it waits for that answer for ever. With
 * this file it has something to say once we are gone.
 */
function hungOn(lifeline: string): Plugin {
  return {
    name: "lifeline",
    setup: (bundler) =>
      bundler.onResolve({ filter: /./ }, ({ kind, path, resolveDir }) =>
        kind === "entry-point" ? { path: resolve(resolveDir, path), watchFiles: [lifeline] } : undefined,
      ),
  };
}

interface OutputText {
  readonly path: string;
  readonly text: string;
}

async function mapped(entry: string, files: readonly OutputText[]): Promise<Built> {
  const code = textOf(files.filter(({ path }) => path.endsWith(".mjs")));
  const map = textOf(files.filter(({ path }) => path.endsWith(".map")));
  const withMap = `${code}//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString("base64")}\n`;
  if (fits(withMap)) return { code: withMap };
  try {
    return { code: fits(code) ? code : await smallBundle(entry) };
  } catch (error) {
    if (error instanceof Problem) return { problem: error };
    throw error;
  }
}

function textOf(files: readonly Pick<OutputText, "text">[]): string {
  return files.map(({ text }) => text).join("");
}

function fits(code: string): boolean {
  return Buffer.byteLength(code) <= limits.inlineSourceBytes;
}

/** Of an entry point that can be bundled, as small as its names let it be. Throws a {@link Problem} if that is too large. */
async function smallBundle(entry: string): Promise<string> {
  const { outputFiles, metafile } = await build({ ...common, ...small, entryPoints: [entry] });
  const code = textOf(outputFiles);
  if (fits(code)) return code;
  throw new Problem(
    `bundle of ${entry} is ${Buffer.byteLength(code)} bytes, the limit is ${limits.inlineSourceBytes} bytes; ` +
      `most of it is ${largestParts(metafile)}`,
    "Import less of it (of a package's namespace that is passed on as a value, all is kept), or put the code into an image: " +
      "spec.source.image of a TaskBundle.",
  );
}

/** The packages that weigh most, the heaviest first; the files that belong to none are the program's own. */
function largestParts({ outputs }: Metafile): string {
  const sizes = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))) {
    const part = packageOf(path) ?? "your own code";
    sizes.set(part, (sizes.get(part) ?? 0) + bytesInOutput);
  }
  const largest = [...sizes].toSorted(([, a], [, b]) => b - a).slice(0, 3);
  return largest.map(([part, bytes]) => `${part} (${bytes})`).join(", ");
}

/** Of the innermost `node_modules/` in the path. */
function packageOf(path: string): string | undefined {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error;
}

async function toProblem(entry: string, errors: Message[]): Promise<Problem> {
  const places = await formatMessages(errors, { kind: "error", color: false });
  const message = `bundle ${entry}: ${errors.length} error(s)\n${places.join("\n").trimEnd()}`;
  return new Problem(message, "Correct the code and try again.");
}
