// What `stint dev` starts and applies, as built by cli/build.ts: the operator, the runner with its SDK, the definitions of our
// kinds and the instance types of the chart.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Problem } from "../problem.ts";

/** Kubernetes objects as written in a file, on their way to an API. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [member: string]: unknown;
}

export interface Assets {
  /** Absolute paths. */
  readonly operator: string;
  readonly runner: string;
  readonly sdk: string;
  readonly definitions: readonly Manifest[];
  readonly instanceTypes: readonly Manifest[];
}

/** Reads them. Throws a {@link Problem} where the CLI was not built. */
export function readAssets(folder = assetFolder()): Assets {
  const read = (part: string): readonly Manifest[] =>
    readdirSync(join(folder, part))
      .toSorted()
      .map((file) => JSON.parse(readFileSync(join(folder, part, file), "utf8")) as Manifest); // written by our build
  try {
    return {
      operator: join(folder, "operator.cjs"),
      runner: join(folder, "runner.cjs"),
      sdk: join(folder, "sdk"),
      definitions: read("crds"),
      instanceTypes: read("instance-types"),
    };
  } catch (error) {
    throw new Problem("the embedded operator is not built", "In a clone, run `make cli` first.", { cause: error });
  }
}

/** Beside the built CLI; for a CLI that runs from its source, where the build puts it. */
function assetFolder(): string {
  const isBuilt = import.meta.url.endsWith(".mjs");
  return fileURLToPath(new URL(isBuilt ? "./embedded" : "../../dist/embedded", import.meta.url));
}
