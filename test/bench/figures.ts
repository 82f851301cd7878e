// Arithmetic of what was measured: from instants of runs to the figures of a table, and from samples of memory to its slope.

/** What was seen of one run; instants are milliseconds by the clock of the watching process. */
export interface Life {
  readonly triggeredMs: number;
  readonly podCreatedMs: number;
  readonly podEndedMs: number;
  /** When its owner's status said that it has succeeded. For a bare pod that is its own end. */
  readonly statusMs: number;
}

/** Median and 99th percentile, in milliseconds. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

export interface Pace {
  readonly seconds: number;
  readonly perSecond: number;
  readonly triggerToPod: Spread;
  readonly endToStatus: Spread;
}

/** From the first trigger to the last status. */
export function paceOf(lives: readonly Life[]): Pace {
  const first = Math.min(...lives.map(({ triggeredMs }) => triggeredMs));
  const last = Math.max(...lives.map(({ statusMs }) => statusMs));
  const seconds = (last - first) / 1000;
  return {
    seconds,
    perSecond: lives.length / seconds,
    triggerToPod: spreadOf(lives.map(({ triggeredMs, podCreatedMs }) => podCreatedMs - triggeredMs)),
    endToStatus: spreadOf(lives.map(({ podEndedMs, statusMs }) => statusMs - podEndedMs)),
  };
}

function spreadOf(figures: readonly number[]): Spread {
  return { p50: quantile(figures, 0.5), p99: quantile(figures, 0.99) };
}

/** By nearest rank, so always one of the figures; NaN where there are none. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

/** One reading of something that may grow. */
export interface Sample {
  readonly seconds: number;
  readonly value: number;
}

/** By least squares, in units of the value an hour; NaN for fewer than two instants. */
export function slopePerHour(samples: readonly Sample[]): number {
  const middle = mean(samples.map(({ seconds }) => seconds));
  const level = mean(samples.map(({ value }) => value));
  const rise = sum(samples.map(({ seconds, value }) => (seconds - middle) * (value - level)));
  const run = sum(samples.map(({ seconds }) => (seconds - middle) ** 2));
  return (rise / run) * 3600;
}

function mean(figures: readonly number[]): number {
  return sum(figures) / figures.length;
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, each) => total + each, 0);
}
