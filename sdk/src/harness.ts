// What @stint/testing asks of the SDK. Promised to nobody else.
export { outcomeOf, taskOf } from "./client/outcome.ts";
export { nameTaken, notActive, notFound, rootRun } from "./client/root-run.ts";
export { triggerThrough, type RunRequest, type TriggerClient } from "./root-runs.ts";
export type { RunPort } from "./handle.ts";

// Loaded beforehand. An attempt that loads them waits for a disk, and virtual time would pass over it.
import "./attempt.ts";
import "./hooks.ts";
import "./retry-question.ts";
