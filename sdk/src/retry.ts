import { optionLimits } from "@stint/crds/option-limits";
import type { Retry } from "@stint/crds/settings";

import { integer, isWithin, mustBe, number, object, oneOf, text, type Place, type Rule } from "./rules.ts";

/**
 * How failures are retried. A given object replaces every other one as a whole; nothing is merged (S9).
 *
 * Source: S78 to S87, S90, S95.
 */
export interface RetryOptions {
  /** User retries: attempts after the first that failures of the user's own pay for. 0 to 100, 3 if absent. Source: S80, S94. */
  readonly maxRetries?: number;
  /** Wait before the first user retry, in milliseconds. 0 to 86400000, 1000 if absent. Source: S81. */
  readonly waitDurationMs?: number;
  /** Factor from one wait to the next. 1 to 100, 1.5 if absent. Source: S79, S81. */
  readonly backoffScaling?: number;
  /**
   * The waits one by one, in seconds, each 0 to 86400; the last repeats. One number is a constant wait. A function is
   * asked once, at definition, with `maxRetries`. Excludes `waitDurationMs` and `backoffScaling`. Source: S82, S83.
   */
  readonly delaysSeconds?: number | readonly number[] | ((maxRetries: number) => readonly number[]);
  /** Spread of the waits around their mean. 0 to 10; 0, none, if absent. Source: S86. */
  readonly jitterFactor?: number;
  /** `Always`, or only what throws a `RetryableError`; `Always` if absent. Source: S90. */
  readonly when?: "Always" | "RetryableOnly";
  /** Retries after failures of the cluster, a budget of its own. 0 to 100, 10 if absent. Source: S95. */
  readonly maxInfrastructureRetries?: number;
  /** The instance type of all attempts after the first that ran out of memory. Source: S65. */
  readonly outOfMemory?: { readonly instanceType: string };
}

const anything: Rule<unknown> = (value) => value;

const retryObject = object<Omit<RetryOptions, "delaysSeconds"> & { readonly delaysSeconds?: unknown }>({
  maxRetries: integer(optionLimits.maxRetries),
  waitDurationMs: integer(optionLimits.waitDurationMs),
  backoffScaling: number(optionLimits.backoffScaling),
  delaysSeconds: anything, // means something only together with maxRetries, below
  jitterFactor: number(optionLimits.jitterFactor),
  when: oneOf("Always", "RetryableOnly"),
  maxInfrastructureRetries: integer(optionLimits.maxInfrastructureRetries),
  outOfMemory: (value, place) => {
    const { instanceType } = object({ instanceType: text(253) })(value, place); // absent is fine there, and not here
    return { instanceType: text(253)(instanceType, { ...place, field: `${place.field}.instanceType` }) };
  },
});

/** {@link RetryOptions} as the operator takes them: checked, and the waits a list. */
export const retryRule: Rule<Retry> = (value, place) => {
  const { delaysSeconds, ...retry } = retryObject(value, place);
  if (retry.outOfMemory && retry.when === "RetryableOnly") {
    throw new RangeError("retry.outOfMemory needs retry.when Always");
  }
  if (delaysSeconds === undefined) return retry;

  if (retry.waitDurationMs !== undefined || retry.backoffScaling !== undefined) {
    throw new RangeError("retry.delaysSeconds excludes waitDurationMs and backoffScaling");
  }
  const maxRetries = retry.maxRetries ?? optionLimits.maxRetries.default;
  const delays = toDelays(delaysSeconds, maxRetries, { ...place, field: `${place.field}.delaysSeconds` });
  return delays.length === 0 ? retry : { ...retry, delaysSeconds: delays };
};

/** A list, empty only where nothing is retried (S82). */
function toDelays(given: unknown, maxRetries: number, place: Place): number[] {
  const { entries, max } = optionLimits.delaysSeconds;
  const list: unknown = typeof given === "function" ? Reflect.apply(given, undefined, [maxRetries]) : given;
  const delays: readonly unknown[] = typeof list === "number" ? [list] : toList(list, place);
  if (delays.length > entries) {
    throw new RangeError(`retry.delaysSeconds has ${delays.length} entries, the limit is ${entries}`);
  }
  if (delays.length === 0 && maxRetries > 0) throw mustBe(place, `1 to ${entries} numbers`, delays);
  return delays.map((delay) => {
    if (isWithin(delay, { min: 0, max })) return delay;
    throw mustBe(place, `numbers from 0 to ${max}`, delay);
  });
}

function toList(list: unknown, { task, field }: Place): readonly number[] {
  if (Array.isArray(list) && list.every((delay) => typeof delay === "number")) return list;
  throw new TypeError(`Task "${task}": ${field} must be a number, a list of numbers or a function that returns one`);
}

/**
 * For `delaysSeconds`: waits of `first`, `first` × 2, `first` × 4 … seconds, as many as there are retries, at most 50, each
 * cut to 86400 s.
 *
 * `{ maxRetries: 3, delaysSeconds: exponentialBackoff(10) }` waits 10, 20 and 40 s. Source: S83.
 */
export function exponentialBackoff(first: number): (maxRetries: number) => readonly number[] {
  const { entries, max } = optionLimits.delaysSeconds;
  return (maxRetries) =>
    Array.from({ length: Math.min(maxRetries, entries) }, (_, at) => Math.min(first * 2 ** at, max));
}
