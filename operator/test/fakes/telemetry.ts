import { Registry } from "prom-client";

import type { Logger } from "../../src/telemetry/logger.ts";
import { createMetrics, type Metrics } from "../../src/telemetry/metrics.ts";

/** A logger that says nothing: what is logged is for people, and no test asserts it. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

/** The operator's metrics in a registry of their own. */
export function freshMetrics(): Metrics {
  return createMetrics(new Registry());
}

interface Countable {
  get(): Promise<{ readonly values: readonly { readonly labels: object; readonly value: number }[] }>;
}

/** What a counter or gauge says, summed over the labels that are not named. */
export async function valueOf(metric: Countable, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const { values } = await metric.get();
  const asked = Object.entries(labels);
  const found = values.filter((one) => asked.every(([name, value]) => Reflect.get(one.labels, name) === value));
  return found.reduce((sum, { value }) => sum + value, 0);
}
