import type { ChildStart } from "@stint/crds/attempt";

import { resolveSettings } from "../core/resolve.ts";
import type { ObservedRun } from "../core/world.ts";
import type { GatewayDeps } from "./deps.ts";
import type { RunCall } from "./run-body.ts";

/**
 * The call of a run that is handed over (S134).
 *
 * A `retry` in a spec is never merged with what stands below it (S9), so a `maxRetries` alone is put into the settings that
 * would hold without it: those of the task in the revision that the call would run on.
 */
export function toSubmission(
  call: RunCall,
  { maxRetries }: NonNullable<ChildStart["submission"]>,
  parent: ObservedRun,
  { observe }: Pick<GatewayDeps, "observe">,
): RunCall {
  if (maxRetries === undefined) return { ...call, isSubmission: true };
  const spec = { task: call.task, ...(call.options.retry && { retry: call.options.retry }) };
  const { revision, taskDefaults } = observe({ ...parent, spec, status: {} }).world;
  const task = revision?.manifest.find(({ name }) => name === call.reference.task) ?? { settings: {} };
  const { retry } = resolveSettings(spec, task, revision?.spec.defaults ?? {}, taskDefaults);
  return { ...call, isSubmission: true, options: { ...call.options, retry: { ...retry, maxRetries } } };
}
