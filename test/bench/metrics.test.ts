import { expect, test } from "vitest";

import { readMetrics } from "./metrics.ts";

test("metrics without labels are read, the others left alone", () => {
  const text = `# HELP process_resident_memory_bytes Resident memory.
process_resident_memory_bytes 104857600
stint_leader 1
stint_queue_depth{queue="runs"} 4
nodejs_eventloop_lag_p99_seconds 0.0121
`;

  expect(Object.fromEntries(readMetrics(text))).toEqual({
    process_resident_memory_bytes: 104_857_600,
    stint_leader: 1,
    nodejs_eventloop_lag_p99_seconds: 0.0121,
  });
});
