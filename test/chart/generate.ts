// Writes helm/values.schema.json and docs/reference/values.md. `--check` says whether they are current.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "../architecture/sources.ts";
import { say } from "../shell.ts";
import { valuesPage, valuesSchema } from "./kit/reference.ts";

const files = {
  "helm/values.schema.json": `${JSON.stringify(valuesSchema(), undefined, 2)}\n`,
  "docs/reference/values.md": valuesPage(),
};

for (const [path, text] of Object.entries(files)) {
  const file = join(root, path);
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    say(`${path} is not current: node test/chart/generate.ts`);
    process.exitCode = 1;
  }
}
