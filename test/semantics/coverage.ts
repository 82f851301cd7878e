// `npm run coverage:semantics`: every item of the contract that is built, with the tests that cite it. Fails if one has none,
// or if a test cites an item that is not there. `--missing` prints the items without a test alone.
import { say } from "../shell.ts";
import { readCitations, type Citation } from "./citations.ts";
import { readContract, type Item } from "./contract.ts";
import { builtSections, notBuilt } from "./exceptions.ts";

const items = readContract();
const known = new Set(items.map(({ id }) => id));
const citations = Map.groupBy(readCitations(), ({ id }) => id);
const onlyMissing = process.argv.includes("--missing");

const covered = items.filter(({ section }) => builtSections.includes(section));
const missing = covered.filter(({ id }) => !citations.has(id) && notBuilt[id] === undefined);
const unknown = [...citations].filter(([id]) => !known.has(id));
const stale = Object.keys(notBuilt).filter((id) => !known.has(id));

for (const item of covered) if (!onlyMissing || missing.includes(item)) tell(item);
for (const [id, cited] of unknown) say(`unknown item ${id} in ${cited.map(({ file }) => file).join(", ")}`);
for (const id of stale) say(`unknown item ${id} among the exceptions`);
say(`${covered.length} items in sections ${builtSections.join(", ")}; ${missing.length} without a test`);
process.exitCode = missing.length + unknown.length + stale.length > 0 ? 1 : 0;

function tell({ id, title }: Item): void {
  const tests = citations.get(id) ?? [];
  say(`${id} ${title}${tests.length === 0 && notBuilt[id] === undefined ? ": NO TEST" : ""}`);
  const reason = notBuilt[id];
  if (reason !== undefined) say(`    exception: ${reason}`);
  for (const line of new Set(tests.map(inWords))) say(`    ${line}`);
}

function inWords({ file, test }: Citation): string {
  return test === undefined ? file : `${file}: ${test}`;
}
