// What was measured, as text: the tables on the screen are those of docs/performance.md, where they stand between two marks.
import type { Pace, Spread } from "./figures.ts";

/** One peer with so many runs. */
export interface Row {
  readonly peer: string;
  readonly settings: string;
  readonly runs: number;
  readonly pace: Pace;
  /** By the audit log; by what was written. */
  readonly ownWrites: Readonly<Record<string, number>>;
  /** CPU of each process of the cluster, of the operator, of kwok and of the bench itself, in seconds. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
  /** Of whoever watches over the pods; absent for bare pods. */
  readonly controller?: { readonly name: string; readonly peakMb: number };
  /** Of the operator: how late its event loop was. */
  readonly loopDelayMs?: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** One peer at half the rate that it kept up. */
export interface SteadyRow {
  readonly peer: string;
  readonly runs: number;
  readonly rate: number;
  readonly pace: Pace;
}

export interface Figures {
  readonly date: string;
  readonly machine: string;
  readonly loadBefore: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly command: string;
  readonly nodes: number;
  readonly podMs: number;
  readonly rows: readonly Row[];
  readonly steady: readonly SteadyRow[];
}

const begin = "<!-- figures: written by node test/bench/main.ts --write -->";
const end = "<!-- end of figures -->";

/** Everything about one run of the bench, in Markdown. */
export function textOf(figures: Figures): string {
  const versions = Object.entries(figures.versions).map(([name, version]) => `${name} ${version}`);
  const settings = new Map(figures.rows.map((row) => [row.peer, row.settings]));
  return [
    `Measured on ${figures.date} with \`${figures.command}\`: ${figures.machine}, load ${figures.loadBefore.toFixed(1)} before it`,
    `began; ${versions.join(", ")}; ${figures.nodes} simulated nodes, pods that run ${figures.podMs} ms.`,
    "",
    ...[...settings].map(([peer, text]) => `- ${peer}: ${text}.`),
    "",
    "**All at once.**",
    "",
    ...table(atOnceColumns, figures.rows),
    "",
    "**At half that rate.**",
    "",
    ...table(steadyColumns, figures.steady),
    "",
    ...ratios(figures.rows),
  ].join("\n");
}

/** The page with the figures in the place of those that it had. Throws if it has no place for them. */
export function withFigures(page: string, figures: Figures): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the page lacks its marks: ${begin} and ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${textOf(figures)}\n\n${page.slice(to)}`;
}

type Columns<T> = readonly (readonly [title: string, cell: (row: T) => string])[];

const atOnceColumns: Columns<Row> = [
  ["", ({ peer }) => peer],
  ["runs", ({ runs }) => String(runs)],
  ["runs/s", ({ pace }) => pace.perSecond.toFixed(1)],
  ["own writes/run", (row) => perRun(row, sumOf(row.ownWrites)).toFixed(2)],
  ["API server CPU/run", (row) => cpuOf(row, "kube-apiserver")],
  ["controller CPU/run", (row) => (row.controller ? cpuOf(row, row.controller.name) : "–")],
  ["its peak memory", ({ controller }) => (controller ? `${controller.peakMb.toFixed(0)} MB` : "–")],
  ["event loop p50/p99/max", ({ loopDelayMs }) => (loopDelayMs ? loopOf(loopDelayMs) : "–")],
  ["trigger → pod p50/p99", ({ pace }) => spread(pace.triggerToPod)],
  ["pod end → status p50/p99", (row) => (row.controller ? spread(row.pace.endToStatus) : "–")],
];

const steadyColumns: Columns<SteadyRow> = [
  ["", ({ peer }) => peer],
  ["runs", ({ runs }) => String(runs)],
  ["runs/s", ({ rate }) => rate.toFixed(1)],
  ["trigger → pod p50/p99", ({ pace }) => spread(pace.triggerToPod)],
  ["pod end → status p50/p99", ({ pace }) => (pace.endToStatus.p99 === 0 ? "–" : spread(pace.endToStatus))],
];

/** As `oxfmt` would have it, so that a page stays formatted. */
function table<T>(columns: Columns<T>, rows: readonly T[]): readonly string[] {
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  const widths = columns.map((_, column) => Math.max(3, ...cells.map((line) => line[column]?.length ?? 0)));
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = cells;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body.map(line)];
}

/** Ratios within one run are what lasts: they are said for each number of runs that all of them had. */
function ratios(rows: readonly Row[]): readonly string[] {
  return rows
    .filter(({ peer }) => peer === "Stint")
    .flatMap(({ runs, pace }) => {
      const others = rows.filter((row) => row.peer !== "Stint" && row.runs === runs);
      const words = others.map((row) => `${(pace.perSecond / row.pace.perSecond).toFixed(2)} × ${row.peer}`);
      return words.length === 0 ? [] : [`Stint's rate at ${runs} runs: ${words.join(", ")}.`];
    });
}

function cpuOf(row: Row, process: string): string {
  return `${(perRun(row, row.cpuSeconds[process] ?? Number.NaN) * 1000).toFixed(1)} ms`;
}

function perRun({ runs }: Row, total: number): number {
  return total / runs;
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function loopOf({ p50, p99, max }: NonNullable<Row["loopDelayMs"]>): string {
  return `${[p50, p99, max].map((ms) => ms.toFixed(0)).join("/")} ms`;
}

function spread({ p50, p99 }: Spread): string {
  return `${millis(p50)} / ${millis(p99)}`;
}

function millis(ms: number): string {
  return ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
