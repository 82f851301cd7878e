// `npm run check`: everything that can be known without running the code, side by side.
import { run, say } from "./shell.ts";

const checks = [
  ["types", "tsc", "--noEmit"],
  ["lint", "oxlint", "--type-aware", "--deny-warnings"],
  ["format", "oxfmt", "--check"],
  ["architecture", "vitest", "run", "test/architecture", "test/docs"],
  ["unused", "knip"],
] as const;

const began = performance.now();
const results = await Promise.all(
  checks.map(async ([name, command, ...args]) => ({ name, ...(await run(command, args)) })),
);
for (const { name, code, output, seconds } of results) {
  say(`${code === 0 ? "ok  " : "FAIL"} ${name.padEnd(14)} ${seconds.toFixed(1)} s`);
  if (code !== 0) say(output);
}
say(`check took ${((performance.now() - began) / 1000).toFixed(1)} s`);
process.exitCode = results.some(({ code }) => code !== 0) ? 1 : 0;
