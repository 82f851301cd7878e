import { HarnessError } from "./errors.ts";

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A span of time: a number and a unit, `"250ms"`, `"10s"`, `"5m"`, `"2h"`, `"1d"`; or milliseconds as a number. */
export type Duration = number | `${number}${keyof typeof unitMs}`;

/** In whole milliseconds. Throws a {@link HarnessError} for anything but a {@link Duration} of 0 or more. */
export function toMs(duration: Duration): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(duration)) ?? [];
  const ms = typeof duration === "number" ? duration : Number(amount) * unitMs[unit as keyof typeof unitMs]; // NaN without a match
  if (Number.isFinite(ms) && ms >= 0) return Math.round(ms);
  throw new HarnessError(
    `"${duration}" is not a duration. Write a number and its unit, "250ms", "10s", "5m", "2h" or "1d", or milliseconds as a number.`,
  );
}
