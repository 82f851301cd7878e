// Reads what a manifest says of a task: see described.ts. Also `@stint/sdk/description`.
import { sha256Hex } from "@stint/crds/hash";
import type { ManifestTask } from "@stint/crds/manifest";

import { provide, type Described, type Undescribed } from "./described.ts";
import { checkRunName } from "./placeholders.ts";
import type { Definition } from "./registry.ts";
import { signatureOf } from "./signature.ts";
import { writeSchema } from "./written-schema.ts";

provide(describe);

/** As `Describe` of described.ts. */
function describe({ name, fn, options }: Undescribed): Described {
  const { inputSchema, resultSchema, runName } = options;
  const input = inputSchema && writeSchema({ task: name, option: "inputSchema" }, inputSchema);
  const result = resultSchema && writeSchema({ task: name, option: "resultSchema" }, resultSchema);
  const problem = input?.problem ?? result?.problem;
  const signature = signatureOf(name, fn, options, input?.describes);
  checkRunName(name, runName, signature);
  return {
    signature,
    ...(input && { inputSchema: input.json }),
    ...(result && { resultSchema: result.json }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** A task as the manifest lists it. Throws as {@link describe} does. */
export function manifestTask({ entry, described, fn }: Definition): ManifestTask {
  return { ...entry, ...described(), sourceHash: sha256Hex(Function.prototype.toString.call(fn)) };
}
