// The public surface of @stint/sdk: values, then types. What is not here is not promised.
export { task, taskRef } from "./task.ts";
export { currentContext } from "./context.ts";
export { asCompleted } from "./as-completed.ts";
export { exponentialBackoff } from "./retry.ts";
export {
  AbortError,
  CanceledError,
  ClientError,
  DeadlineError,
  DisruptionError,
  NonRetryableError,
  RateLimitError,
  RetryableError,
  RetryAfter,
  ServerError,
  StintError,
  TaskRunError,
  TimeoutError,
} from "./errors.ts";

export type { Task, TaskOf, TaskRef, ResultOf } from "./task.ts";
export type {
  CallOptions,
  DeclaredParameter,
  DefinedCall,
  DefinedOptions,
  RunOptions,
  TaskOptions,
  TriggerOptions,
} from "./options.ts";
export type { RetryOptions } from "./retry.ts";
export type { TriggerArguments, TriggerInput } from "./trigger.ts";
export type { ResultOptions, RunDetails, RunHandle, TaskInstance, WaitOptions } from "./handle.ts";
export type { RerunOptions } from "@stint/crds/rerun";
export type { TaskContext } from "./context.ts";
export type { TreeCache } from "./cache.ts";
export type { Progress, ProgressCounter } from "./progress.ts";
