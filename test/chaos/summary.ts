// What is told of seeds: a line for each, and a table by kind of fault.
import { type FaultKind, faultKinds } from "./faults.ts";
import { lastOfRuns } from "./history.ts";
import type { Plan } from "./plan.ts";
import type { Played } from "./play.ts";

export interface Summary {
  readonly seed: number;
  readonly seconds: number;
  readonly runs: number;
  readonly attempts: number;
  /** Of attempts that ended, by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly counts: Readonly<Partial<Record<FaultKind, number>>>;
  readonly violations: readonly string[];
}

export function summaryOf({ seed }: Plan, { history, counts, violations }: Played, seconds: number): Summary {
  const runs = lastOfRuns(history);
  const attempts = runs.flatMap(({ status }) => status?.attempts ?? []);
  const reasons = countsOf(attempts.map(({ reason = "none" }) => [reason, 1]));
  return {
    seed,
    seconds,
    runs: runs.length,
    attempts: attempts.length,
    reasons,
    counts: Object.fromEntries(counts),
    violations,
  };
}

/** How the attempts ended, the most frequent first. */
export function reasonsOf(summaries: readonly Summary[]): string {
  const all = countsOf(summaries.flatMap(({ reasons }) => Object.entries(reasons)));
  const inOrder = Object.entries(all).sort(([, a], [, b]) => b - a);
  return inOrder.map(([reason, count]) => `${reason} ${count}`).join(", ");
}

function countsOf(counted: readonly (readonly [string, number])[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const [name, count] of counted) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries(sums);
}

/** A line for each kind: how often it struck, in how many seeds, how many runs and attempts met it, how many seeds failed. */
export function tableOf(summaries: readonly Summary[]): readonly string[] {
  const row = (cells: readonly (string | number)[]): string => {
    const [name = "", ...numbers] = cells.map(String);
    return `| ${name.padEnd(16)} | ${numbers.map((cell) => cell.padStart(8)).join(" | ")} |`;
  };
  const total = (met: readonly Summary[], of: (summary: Summary) => number): number =>
    met.reduce((sum, summary) => sum + of(summary), 0);
  const line = (name: string, met: readonly Summary[], struck: number): string =>
    row([
      name,
      struck,
      met.length,
      total(met, ({ runs }) => runs),
      total(met, ({ attempts }) => attempts),
      met.filter(({ violations }) => violations.length > 0).length,
    ]);
  const lines = faultKinds.map((kind) => {
    const met = summaries.filter(({ counts }) => counts[kind] !== undefined);
    return line(
      kind,
      met,
      total(met, ({ counts }) => counts[kind] ?? 0),
    );
  });
  const struck = total(summaries, ({ counts }) => Object.values(counts).reduce((sum, count) => sum + count, 0));
  return [
    row(["fault", "injected", "seeds", "runs", "attempts", "failed"]),
    row(["---", ...Array.from({ length: 5 }, () => "---:")]),
    ...lines,
    line("all", summaries, struck),
  ];
}
