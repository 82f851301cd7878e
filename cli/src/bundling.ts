// User code and what it imports, in one module that a pod can load: nothing is installed there but the SDK.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { build, context, formatMessages, type BuildFailure, type BuildOptions, type Message } from "esbuild";

import { limits } from "@stint/crds/limits";

import { Problem } from "./problem.ts";

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
  logLevel: "silent",
} as const satisfies BuildOptions;

/**
 * The entry point as one ES module for Node 24, at most 524288 bytes of UTF-8.
 *
 * Functions keep their names, since a task without a written name has its function's (S2), and parameters keep theirs,
 * since named input is bound by them (S32). Throws a {@link Problem} if there is no such file, if it cannot be bundled, with
 * the place of each error, or if the result is too large.
 */
export async function bundleFile(entry: string): Promise<string> {
  expectEntry(entry);
  const result = await build({ ...common, entryPoints: [entry] }).catch(async (error: unknown) => {
    throw isBuildFailure(error) ? await toProblem(entry, error.errors) : error;
  });
  return withinLimit(entry, result.outputFiles.map(({ text }) => text).join(""));
}

/** Throws a {@link Problem} if there is no such file. */
export function expectEntry(entry: string): void {
  if (statSync(entry, { throwIfNoEntry: false })?.isFile() === true) return;
  throw new Problem(`entry point ${entry} does not exist`, "Name the module that imports all tasks.");
}

/** Code that is ready to be loaded, or why there is none. */
export type Built = { readonly code: string } | { readonly problem: Problem };

/**
 * Bundles the entry point now and after each change of a file that went into it, until `stop` is aborted, and tells of each
 * result. The code bears a map to its sources, unless it would be too large with it.
 */
export async function watchBundle(entry: string, tell: (built: Built) => void, stop: AbortSignal): Promise<void> {
  const outfile = resolve("bundle.mjs"); // not written: the map names the sources from here
  const watching = await context({
    ...common,
    entryPoints: [entry],
    outfile,
    sourcemap: "external",
    sourcesContent: false,
    sourceRoot: `${pathToFileURL(process.cwd()).href}/`,
    plugins: [
      {
        name: "tell",
        setup: (bundler) =>
          bundler.onEnd(async ({ errors, outputFiles = [] }) => {
            tell(errors.length > 0 ? { problem: await toProblem(entry, errors) } : mapped(entry, outputFiles));
          }),
      },
    ],
  });
  stop.addEventListener("abort", () => void watching.dispose(), { once: true });
  if (!stop.aborted) await watching.watch();
}

function mapped(entry: string, files: readonly { readonly path: string; readonly text: string }[]): Built {
  const code = files.find(({ path }) => path.endsWith(".mjs"))?.text ?? "";
  const map = files.find(({ path }) => path.endsWith(".map"))?.text ?? "";
  const withMap = `${code}//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString("base64")}\n`;
  if (Buffer.byteLength(withMap) <= limits.inlineSourceBytes) return { code: withMap };
  try {
    return { code: withinLimit(entry, code) };
  } catch (error) {
    if (error instanceof Problem) return { problem: error };
    throw error;
  }
}

function withinLimit(entry: string, code: string): string {
  const bytes = Buffer.byteLength(code);
  if (bytes <= limits.inlineSourceBytes) return code;
  throw new Problem(
    `bundle of ${entry} is ${bytes} bytes, the limit is ${limits.inlineSourceBytes} bytes`,
    "Import less, or put the code into an image: spec.source.image of a TaskBundle.",
  );
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error;
}

async function toProblem(entry: string, errors: Message[]): Promise<Problem> {
  const places = await formatMessages(errors, { kind: "error", color: false });
  const message = `bundle ${entry}: ${errors.length} error(s)\n${places.join("\n").trimEnd()}`;
  return new Problem(message, "Correct the code and try again.");
}
