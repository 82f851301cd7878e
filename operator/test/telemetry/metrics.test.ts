import { Registry } from "prom-client";
import { expect, test } from "vitest";

import { apiObserver, createMetrics, metricTable } from "../../src/telemetry/metrics.ts";
import { freshMetrics, valueOf } from "../fakes/telemetry.ts";

const rows = Object.values(metricTable);

test("the registry holds what the table says, and nothing else", () => {
  const registry = new Registry();

  createMetrics(registry);

  expect(registry.getMetricsAsArray().map(({ name }) => name)).toEqual(rows.map(({ name }) => name));
});

test("names follow Prometheus' rules: our prefix, and `_total` on counters alone", () => {
  for (const { name, kind } of rows) {
    expect(name).toMatch(/^stint_[a-z_]+$/);
    expect(name.endsWith("_total")).toBe(kind === "counter");
  }
});

test("no label names a run, a pod or a namespace: their number has no bound", () => {
  const labels = new Set(rows.flatMap((row) => [...row.labels]));

  expect([...labels].filter((label) => /run|pod|name|uid|key/.test(label))).toEqual([]);
});

test("a request that was never answered is counted as such", async () => {
  const metrics = freshMetrics();

  apiObserver(metrics).answered({ verb: "get", resource: "pods", status: undefined, durationMs: 30_000 });

  expect(await valueOf(metrics.apiRequests, { status: "none" })).toBe(1);
});
