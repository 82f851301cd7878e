// Which settings are in force for a run (S9), and whether they make sense where no schema has looked at them (S28).
import { limits } from "@stint/crds/limits";
import type { ManifestTask } from "@stint/crds/manifest";
import type { Profile, ResolvedRetry, ResolvedSettings, Retry, TaskSettings } from "@stint/crds/settings";
import type { TaskRunSpec } from "@stint/crds/taskrun";

const defaultInstanceType = "standard";

/**
 * The settings in force: run before task before bundle before operator, each field taken whole from the first that sets it.
 *
 * A `retry` object is never merged with another one. What nobody sets has its built-in value, or stays absent if there is
 * none. Where the size is asked for by `resources`, the type is still to be chosen by them. Values are not checked:
 * {@link settingsProblem} does that. Source: S9, S61, S78, S79.
 */
export function resolveSettings(
  run: Omit<TaskRunSpec, "input">,
  task: Pick<ManifestTask, "settings">,
  bundleDefaults: TaskSettings,
  taskDefaults: TaskSettings,
): ResolvedSettings {
  const places: readonly TaskSettings[] = [run, task.settings, bundleDefaults, taskDefaults];
  const inForce = <K extends keyof TaskSettings>(field: K): TaskSettings[K] =>
    places.find((place) => place[field] !== undefined)?.[field];
  const startTimeoutSeconds = inForce("startTimeoutSeconds");
  const deadlineSeconds = inForce("deadlineSeconds");
  return {
    ...sizeInForce(places),
    timeoutSeconds: inForce("timeoutSeconds") ?? limits.timeoutSeconds.default,
    ...(startTimeoutSeconds !== undefined && { startTimeoutSeconds }),
    ...(deadlineSeconds !== undefined && { deadlineSeconds }),
    gracePeriodSeconds: inForce("gracePeriodSeconds") ?? limits.gracePeriodSeconds.default,
    ...(inForce("logPrints") === true && { logPrints: true }),
    ttlSecondsAfterFinished: run.ttlSecondsAfterFinished ?? limits.ttlSecondsAfterFinished.default,
    retry: resolveRetry(inForce("retry")),
  };
}

/** A type's name and a profile say the same thing, so the highest place that says it rules over both. */
function sizeInForce(places: readonly TaskSettings[]): { instanceType: string; resources?: Profile } {
  const place = places.find(({ instanceType, resources }) => instanceType !== undefined || resources !== undefined);
  const { instanceType = defaultInstanceType, resources } = place ?? {};
  return { instanceType, ...(resources && { resources }) };
}

function resolveRetry(given: Retry | undefined): ResolvedRetry {
  // S78 doubles, S79 does not: whoever gives an object and leaves the factor out gets 1.5.
  const scaling = given ? limits.backoffScaling.explicitDefault : limits.backoffScaling.default;
  const waits =
    given?.delaysSeconds === undefined
      ? { waitDurationMs: limits.waitDurationMs.default, backoffScaling: scaling }
      : {}; // contradicting ones stay as they are, for settingsProblem to name
  return {
    maxRetries: limits.maxRetries.default,
    jitterFactor: limits.jitterFactor.default,
    when: "Always",
    maxInfrastructureRetries: limits.maxInfrastructureRetries.default,
    ...waits,
    ...present(given ?? {}),
  };
}

/** The members that have a value. */
function present(retry: Retry): Partial<ResolvedRetry> {
  const members = Object.entries(retry).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members) as Partial<ResolvedRetry>; // the same members, which Object.entries forgets
}

/** What {@link settingsProblem} looks at: the settings of one place, or those in force. */
export type CheckedSettings = TaskSettings & { readonly ttlSecondsAfterFinished?: number | undefined };

interface Check {
  readonly field: string;
  readonly value: number | string | undefined;
  readonly rule: string;
  readonly holds: boolean;
}

/**
 * What is wrong with settings that came past the CRD's schema, such as a manifest's: the first problem's text, or `undefined`.
 *
 * `task` is the task's name without its bundle. Source: S28, and S80 for what contradicts itself.
 */
export function settingsProblem(task: string, settings: CheckedSettings): string | undefined {
  const broken = checksOf(settings).find(({ holds }) => !holds);
  if (broken) return `Task "${task}": ${broken.field} must be ${broken.rule}, got ${broken.value}`;
  return settings.retry && contradiction(settings.retry);
}

function checksOf(settings: CheckedSettings): Check[] {
  return [
    number("resources.cpu", settings.resources?.cpu, limits.profileCpu),
    integer("resources.memoryMb", settings.resources?.memoryMb, limits.profileMemoryMb),
    integer("timeoutSeconds", settings.timeoutSeconds, limits.timeoutSeconds),
    integer("startTimeoutSeconds", settings.startTimeoutSeconds, limits.startTimeoutSeconds),
    integer("deadlineSeconds", settings.deadlineSeconds, limits.deadlineSeconds),
    integer("gracePeriodSeconds", settings.gracePeriodSeconds, limits.gracePeriodSeconds),
    integer("ttlSecondsAfterFinished", settings.ttlSecondsAfterFinished, limits.ttlSecondsAfterFinished),
    ...retryChecks(settings.retry ?? {}),
  ];
}

function retryChecks(retry: Retry): Check[] {
  const { entries, max } = limits.delaysSeconds;
  const delays = retry.delaysSeconds;
  return [
    integer("retry.maxRetries", retry.maxRetries, limits.maxRetries),
    integer("retry.waitDurationMs", retry.waitDurationMs, limits.waitDurationMs),
    number("retry.backoffScaling", retry.backoffScaling, limits.backoffScaling),
    { field: "retry.delaysSeconds", value: "[]", rule: `1 to ${entries} numbers`, holds: delays?.length !== 0 },
    ...(delays ?? []).map((delay, index) => number(`retry.delaysSeconds[${index}]`, delay, { min: 0, max })),
    number("retry.jitterFactor", retry.jitterFactor, limits.jitterFactor),
    integer("retry.maxInfrastructureRetries", retry.maxInfrastructureRetries, limits.maxInfrastructureRetries),
  ];
}

interface Range {
  readonly min: number;
  readonly max: number;
}

function integer(field: string, value: number | undefined, { min, max }: Range): Check {
  const holds = value === undefined || (Number.isInteger(value) && isWithin(value, { min, max }));
  return { field, value, rule: `an integer from ${min} to ${max}`, holds };
}

function number(field: string, value: number | undefined, { min, max }: Range): Check {
  const holds = value === undefined || isWithin(value, { min, max });
  return { field, value, rule: `a number from ${min} to ${max}`, holds };
}

function isWithin(value: number, { min, max }: Range): boolean {
  return value >= min && value <= max;
}

function contradiction({
  delaysSeconds,
  waitDurationMs,
  backoffScaling,
  outOfMemory,
  when,
}: Retry): string | undefined {
  const { entries } = limits.delaysSeconds;
  if (delaysSeconds && (waitDurationMs !== undefined || backoffScaling !== undefined)) {
    return "retry.delaysSeconds excludes waitDurationMs and backoffScaling";
  }
  if (delaysSeconds && delaysSeconds.length > entries) {
    return `retry.delaysSeconds has ${delaysSeconds.length} entries, the limit is ${entries}`;
  }
  return outOfMemory && when === "RetryableOnly" ? "retry.outOfMemory needs retry.when Always" : undefined;
}
