// `make mutations`: breaks a copy of devcluster in one place after the other, and demands that its contract notices each time.
//
//   M1. The copy as it is passes: what then fails, fails because of the breakage.
//   M2. A breakage whose text no longer stands in the source, or stands there twice, is an error: it tests nothing.
//   M3. Noticed means that a test failed. A copy that no longer runs proves nothing about the tests.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

import { run, say } from "../shell.ts";
import { broken } from "./broken.ts";
import { type Mutation, mutations } from "./mutations.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "stint-mutations-"));
const began = performance.now();

try {
  const contracts = [...new Set(mutations.map(({ contract }) => contract))];
  const whole = await judged(aCopy("whole"), contracts);
  if (whole.failed.length > 0 || whole.total === 0) throw new Error(`M1: the copy as it is fails\n${whole.output}`);
  say(`as it is, ${whole.total} tests pass`);
  const left = [...mutations.entries()];
  const outcomes: boolean[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) outcomes.push(await isNoticed(next[1], `copy-${next[0]}`));
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
  const missed = outcomes.filter((noticed) => !noticed).length;
  say(
    `${mutations.length - missed} of ${mutations.length} breakages noticed in ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
  process.exitCode = missed === 0 ? 0 : 1;
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

async function isNoticed(mutation: Mutation, name: string): Promise<boolean> {
  const copy = aCopy(name);
  const file = join(copy, "devcluster/src", mutation.file);
  writeFileSync(file, broken(readFileSync(file, "utf8"), mutation)); // M2
  const { failed, total, output } = await judged(copy, [mutation.contract]);
  rmSync(copy, { recursive: true });
  const [first] = failed;
  if (total === 0) say(`BROKEN    ${mutation.says}: the copy does not run\n${output}`); // M3
  else if (first === undefined) say(`UNNOTICED ${mutation.says} (${mutation.file}), by ${mutation.contract}`);
  else say(`noticed   ${mutation.says}: "${first}"`);
  return first !== undefined;
}

/** A repository with nothing but devcluster in it, and our packages. */
function aCopy(name: string): string {
  const copy = join(folder, name);
  for (const part of ["src", "test", "package.json"]) {
    cpSync(join(root, "devcluster", part), join(copy, "devcluster", part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

interface Judgement {
  readonly total: number;
  /** Titles. */
  readonly failed: readonly string[];
  readonly output: string;
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

async function judged(copy: string, contracts: readonly string[]): Promise<Judgement> {
  const report = join(copy, "report.json");
  const files = contracts.map((contract) => `devcluster/test/contract/${contract}.test.ts`);
  const { output } = await run("vitest", [
    "run",
    "--root",
    copy,
    "--reporter=json",
    `--outputFile=${report}`,
    ...files,
  ]);
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report; // vitest writes it
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.filter(({ status }) => status === "failed").map(({ fullName }) => fullName);
  return { total: tests.length, failed, output };
}
