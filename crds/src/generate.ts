// Schemas → crds/generated/*.yaml and the copies in helm/crds/, which nobody edits. With --check it writes nothing and exits 1 if a file is stale.
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

import { structuralComplaints } from "./crd/check.ts";
import { definitions } from "./crd/definitions.ts";
import { staleFiles, writeFiles } from "./crd/files.ts";
import { crdName } from "./crd/manifest.ts";

/** Where the CRDs are read, and where `helm install` finds them. */
const directories = ["../generated", "../../helm/crds"].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** What is wrong, one line each. Nothing is written as long as a schema is one that the API server would refuse. */
function generate(checkOnly: boolean): readonly string[] {
  const complaints = definitions.flatMap((each) =>
    structuralComplaints(each.schema).map((text) => `${crdName(each)}: ${text}`),
  );
  if (complaints.length > 0) return complaints;
  if (checkOnly)
    return directories.flatMap(staleFiles).map((file) => `${relative(process.cwd(), file)} is stale: npm run generate`);
  directories.forEach(writeFiles);
  return [];
}

const wrong = generate(process.argv.includes("--check"));
for (const line of wrong) process.stderr.write(`${line}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
