// Prints what people want of an e2e run: a line per scenario as it ends, a table, and the failures.
import type { UserConsoleLog } from "vitest";
import type { Reporter, TestCase, TestModule, TestRunEndReason } from "vitest/node";

class TableReporter implements Reporter {
  readonly #began = performance.now();

  onTestCaseResult(test: TestCase): void {
    const { state } = test.result();
    say(`  ${state.padEnd(7)} ${seconds(test)}  ${test.name}`);
  }

  onUserConsoleLog({ content }: UserConsoleLog): void {
    say(content.trimEnd());
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[], _reason: TestRunEndReason): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    // A test that a failed hook kept from running is no better than one that failed; only one that says so was left out.
    const skipped = tests.filter(({ options }) => options.mode === "skip");
    const failed = tests.filter((test) => test.result().state !== "passed" && !skipped.includes(test));
    const width = Math.max(8, ...tests.map(({ name }) => name.length));
    say(`\n| ${"scenario".padEnd(width)} | outcome | seconds |\n|${"-".repeat(width + 2)}|---------|---------|`);
    for (const test of tests)
      say(`| ${test.name.padEnd(width)} | ${test.result().state.padEnd(7)} | ${seconds(test)} |`);
    // Last, since of a long output the end is what is read, and what is kept.
    for (const module of modules) for (const error of module.errors()) say(`\n${module.moduleId}: ${error.message}`);
    for (const error of unhandled) say(`\nunhandled: ${String(error)}`);
    for (const test of failed) {
      say(`\n===== ${test.name}`);
      for (const error of test.result().errors ?? []) say(`${error.stack ?? error.message}\n${error.diff ?? ""}`);
    }
    say(`\nscenarios took ${((performance.now() - this.#began) / 1000).toFixed(0)} s`);
    say(`${tests.length - failed.length - skipped.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
  }
}

function seconds(test: TestCase): string {
  return ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1).padStart(7);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// oxlint-disable-next-line import/no-default-export -- vitest loads reporters by it
export default TableReporter;
