// A report every night: a run for each region, a summary of those that came, and a word to somebody if there is none.
//   stint deploy examples/nightly-report/tasks.ts --bundle nightly-report
//   stint run nightly-report/report --input '["2027-01-01", ["north", "south"]]' --start-at 2027-01-02T02:00:00Z --tag nightly
//   stint runs -l tag.stint.dev/nightly
import { allowFailure, bundle, NonRetryableError, type HookEvent, type TaskRunError } from "@stint/sdk";

const nightly = bundle({
  instanceType: "starter",
  retry: { maxRetries: 1, waitDurationMs: 100 },
  deadlineSeconds: 3600,
  labels: { team: "sales" },
});

const sales: Readonly<Record<string, readonly number[]>> = { north: [120, 80], south: [60], east: [] };

interface RegionReport {
  readonly region: string;
  readonly day: string;
  readonly revenue: number;
}

export const regionReport = nightly.task(
  "region-report",
  { runName: "{region} on {day}" },
  (region: string, day: string): RegionReport => {
    const figures = sales[region];
    if (!figures) throw new NonRetryableError(`no sales office in ${region}`);
    return { region, day, revenue: figures.reduce((sum, figure) => sum + figure, 0) };
  },
);

/** Takes what there is: a region that failed comes as its error. */
export const summary = nightly.task("summary", (day: string, regions: readonly (RegionReport | TaskRunError)[]) => {
  const reports = regions.filter((region) => "revenue" in region);
  if (reports.length === 0) throw new NonRetryableError(`no region has reported on ${day}`);
  return {
    day,
    revenue: reports.reduce((sum, { revenue }) => sum + revenue, 0),
    missing: regions.length - reports.length,
  };
});

/** Is told of a report that failed for good; it runs in a pod of its own, also where the report's is gone. */
export const alert = nightly.task("alert", ({ task, run, message }: HookEvent) => `${task} ${run}: ${message}`);

export const report = nightly.task(
  "report",
  { runName: "report of {day}", retry: { maxRetries: 0 }, onFailure: alert },
  async (day: string, regions: readonly string[]) => summary(day, regionReport.map(regions, day).map(allowFailure)),
);
