// User code and what it imports, in one module that a pod can load: nothing is installed there but the SDK.
import { existsSync } from "node:fs";

import { build, formatMessages, type BuildFailure } from "esbuild";

import { limits } from "@stint/crds/limits";

import { Problem } from "./problem.ts";

/** CommonJS packages ask for node's built-ins by `require`, which a module does not have. */
const banner = `import { createRequire as stintRequire } from "node:module"; globalThis.require ??= stintRequire(import.meta.url);`;

/**
 * The entry point as one ES module for Node 24, at most 524288 bytes of UTF-8.
 *
 * Functions keep their names, since a task without a written name has its function's (S2), and parameters keep theirs,
 * since named input is bound by them (S32). Throws a {@link Problem} if there is no such file, if it cannot be bundled, with
 * the place of each error, or if the result is too large.
 */
export async function bundleFile(entry: string): Promise<string> {
  if (!existsSync(entry)) {
    throw new Problem(`entry point ${entry} does not exist`, "Name it: stint deploy <entry> --bundle <name>.");
  }
  const result = await build({
    entryPoints: [entry],
    write: false,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    keepNames: true,
    sourcemap: false,
    charset: "utf8",
    legalComments: "none",
    external: ["@stint/sdk"], // the runner brings it, and the tasks have to be registered in the runner's own
    banner: { js: banner },
    logLevel: "silent",
  }).catch(async (error: unknown) => {
    throw isBuildFailure(error) ? await toProblem(entry, error) : error;
  });
  return withinLimit(entry, result.outputFiles.map(({ text }) => text).join(""));
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

async function toProblem(entry: string, failure: BuildFailure): Promise<Problem> {
  const places = await formatMessages(failure.errors, { kind: "error", color: false });
  const message = `bundle ${entry}: ${failure.errors.length} error(s)\n${places.join("\n").trimEnd()}`;
  return new Problem(message, "Correct the code and deploy again.", { cause: failure });
}
