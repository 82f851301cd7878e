// The public surface of @stint/sdk: values, then types. What is not here is not promised.
export { task, taskRef } from "./task.ts";
export { bundle, combine } from "./bundle.ts";
export { start } from "./start.ts";
export { withTags } from "./tags.ts";
export { currentContext, getRunLogger, withContext } from "./context.ts";
export { asCompleted } from "./as-completed.ts";
export { allowFailure } from "./reference.ts";
export { unmapped } from "./map.ts";
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

export type { DefineTask, Task, TaskOf, TaskRef, ResultOf } from "./task.ts";
export type { Bundle, Group } from "./bundle.ts";
export type {
  CallOptions,
  DeclaredParameter,
  DefinedCall,
  DefinedOptions,
  GroupOptions,
  RunName,
  RunOptions,
  SchemaOptions,
  TaskOptions,
  TriggerOptions,
} from "./options.ts";
export type { JsonSchemaObject, StandardSchema } from "./schema.ts";
export type { Hook, HookEvent, HookFunction, HookOptions, RetryIf, FailedAttempt, RunState } from "./callbacks.ts";
export type { MapArgument, MapArguments, TaskInstanceList, Unmapped } from "./map.ts";
export type { AllowedFailure, Given, GivenArguments } from "./reference.ts";
export type { RetryOptions } from "./retry.ts";
export type { TriggerArguments, TriggerInput } from "./trigger.ts";
export type { ResultOptions, RunDetails, RunHandle, TaskInstance, WaitOptions } from "./handle.ts";
export type { RerunOptions } from "@stint/crds/rerun";
export type { Submission, Submit, SubmitOptions } from "./submissions.ts";
export type { TaskContext } from "./context.ts";
export type { TreeCache } from "./cache.ts";
export type { ContextOverrides } from "./overrides.ts";
export type { RunLogger } from "./logger.ts";
export type { Progress, ProgressCounter } from "./progress.ts";
