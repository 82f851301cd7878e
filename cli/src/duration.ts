const steps = [
  { unit: "d", seconds: 86_400, finer: "h" },
  { unit: "h", seconds: 3600, finer: "m" },
  { unit: "m", seconds: 60, finer: "s" },
] as const;

/** Seconds as people say them, in two units at most: `0.4s`, `12s`, `2m5s`, `3h`, `5d3h`. */
export function inWords(seconds: number): string {
  if (seconds < 0) return "0s"; // clocks differ
  if (seconds < 10 && !Number.isInteger(seconds)) return `${Math.floor(seconds * 10) / 10}s`;
  const whole = Math.floor(seconds);
  const step = steps.find((each) => whole >= each.seconds);
  if (!step) return `${whole}s`;
  const finerSeconds = steps.find(({ unit }) => unit === step.finer)?.seconds ?? 1;
  const rest = Math.floor((whole % step.seconds) / finerSeconds);
  return `${Math.floor(whole / step.seconds)}${step.unit}${rest > 0 ? `${rest}${step.finer}` : ""}`;
}

/** Seconds from one instant, in RFC 3339, to another. */
export function secondsBetween(from: string, to: string | Date): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}
