// What the scenarios have measured becomes a table that is committed: docs/reference/failures.json. What was measured less than
// three times since the last table stays as it is. Without --write it is only printed. The page of failures is made from it: page.ts.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { root } from "../../architecture/sources.ts";
import { say } from "../../shell.ts";
import { causes, type CauseId } from "./causes.ts";
import { measuredEndsFile, type MeasuredEnd } from "./kit/ends.ts";

export interface Figures {
  readonly count: number;
  readonly medianMs: number;
  readonly maxMs: number;
}

export interface Tail extends Figures {
  readonly p99Ms: number;
}

export interface Bounds {
  readonly cores: number;
  readonly causes: Readonly<Partial<Record<CauseId, Figures>>>;
  /** Of many ends of several causes, some of them at the same time. */
  readonly mixed: { readonly afterContainer: Tail; readonly afterPhase: Tail } | null;
}

/** Ends of one cause of which a maximum says anything. */
const fewest = 3;
const boundsFile = join(root, "docs/reference/failures.json");

/** The table as it is committed. */
export function readBounds(): Bounds {
  return JSON.parse(readFileSync(boundsFile, "utf8")) as Bounds;
}

function toBounds(ends: readonly MeasuredEnd[], before: Bounds): Bounds {
  const ofCause = (cause: CauseId): number[] => ends.filter((end) => end.cause === cause).map(({ ms }) => ms);
  const measured = (Object.keys(causes) as CauseId[]).flatMap((cause) => {
    const times = ofCause(cause);
    return times.length < fewest ? [] : [[cause, figures(times)] as const];
  });
  const mixed = ends.filter((end) => end.mixed);
  const afterContainer = tail(mixed.map(({ ms }) => ms));
  const afterPhase = tail(mixed.map(({ afterPhaseMs }) => afterPhaseMs ?? 0));
  return {
    cores: availableParallelism(),
    causes: { ...before.causes, ...Object.fromEntries(measured) },
    mixed: mixed.length === 0 ? before.mixed : { afterContainer, afterPhase },
  };
}

function figures(times: readonly number[]): Figures {
  return { count: times.length, medianMs: quantile(times, 0.5), maxMs: quantile(times, 1) };
}

function tail(times: readonly number[]): Tail {
  return { ...figures(times), p99Ms: quantile(times, 0.99) };
}

/** The smallest that so many of them do not exceed. */
function quantile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0;
}

if (import.meta.main) {
  const lines = readFileSync(measuredEndsFile, "utf8").trim().split("\n");
  const ends = lines.map((line) => JSON.parse(line) as MeasuredEnd);
  const text = `${JSON.stringify(toBounds(ends, readBounds()), null, 2)}\n`;
  if (process.argv.includes("--write")) {
    writeFileSync(boundsFile, text);
    rmSync(measuredEndsFile); // the next table is of other measurements
  } else say(text);
}
