// The public surface of @stint/testing: values, then types. What is not here is not promised.
export { createHarness } from "./harness.ts";
export { HarnessError } from "./errors.ts";

export type { Duration } from "./duration.ts";
export type { Harness, HarnessClock, RunEvent, RunId } from "./harness.ts";
export type { Fault } from "./memory/faults.ts";
export type { AnyTask, HarnessOptions } from "./options.ts";
export type { LogLine } from "./process/output.ts";
export type { RunState } from "./run-state.ts";
