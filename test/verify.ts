// `npm run verify`: what is generated is current, `check`, `make test`, and a look at the tail of the code.
import { largest } from "./architecture/tail.ts";
import { run, say } from "./shell.ts";

const steps = [
  ["generated files are current", "node", "crds/src/generate.ts", "--check"],
  ["the chart's schema and its page are current", "node", "test/chart/generate.ts", "--check"],
  ["the page of sources is current", "node", "test/semantics/sources-page.ts", "--check"],
  ["the page of options is current", "node", "test/docs/options-page.ts", "--check"],
  ["the page of failures is current", "node", "test/e2e/failures/page.ts", "--check"],
  ["every item of the contract is tested", "node", "test/semantics/coverage.ts", "--missing"],
  ["check", "npm", "run", "--silent", "check"],
  ["test", "make", "--no-print-directory", "test"],
] as const;

for (const [name, command, ...args] of steps) {
  const { code, output, seconds } = await run(command, args);
  say(output.trimEnd());
  say(`${code === 0 ? "ok  " : "FAIL"} ${name} (${seconds.toFixed(1)} s)`);
  if (code !== 0) process.exit(1);
}
say("longest functions and files (they should only get shorter):");
for (const line of largest(5)) say(`  ${line}`);
