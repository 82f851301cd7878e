import type { StartOptions } from "@stint/crds/attempt";
import { optionLimits } from "@stint/crds/option-limits";
import type { HookName } from "@stint/crds/manifest";
import { labelProblem, tagProblem, versionProblem } from "@stint/crds/names";
import type { Profile, TaskSettings } from "@stint/crds/settings";

import { hooksRule, retryIfRule, type Hook, type HookOptions, type RetryIf } from "./callbacks.ts";
import type { TaskInstance } from "./handle.ts";
import { referenceIn, type AllowedFailure, type Reference } from "./reference.ts";
import { retryRule, type RetryOptions } from "./retry.ts";
import { anySchema, type AnySchema, type JsonSchemaObject } from "./schema.ts";
import { boolean, integer, isRecord, mustBe, number, object, oneOf, text, type Rule, type Rules } from "./rules.ts";

/** What a task sets for its runs, and a single run for itself. */
export interface RunOptions {
  /** Name of an instance type; `standard` if absent. Source: S55. */
  readonly instanceType?: string;
  /** The smallest type that offers so many cores and MB, in the place of its name: 0.1 to 1024, 1 to 16777216. Source: S61. */
  readonly resources?: { readonly cpu?: number; readonly memoryMb?: number };
  /** Limit on one attempt, from the start of its container: whole seconds, 1 to 604800, 7200 if absent. Source: S66. */
  readonly timeoutSeconds?: number;
  /** Limit from the pod's creation to the start of its container: 1 to 604800, none if absent. Source: S69. */
  readonly startTimeoutSeconds?: number;
  /** Limit on the whole run, all attempts and waits included: 1 to 2592000, none if absent. Source: S71. */
  readonly deadlineSeconds?: number;
  /** How failures are retried; 3 times, after 1, 2 and 4 s, if absent. Source: S78. */
  readonly retry?: RetryOptions;
  /** At most 50, each 1 to 63 of `A-Z a-z 0-9 _ - .`; they are labels too, for `kubectl get -l`. Source: S18. */
  readonly tags?: readonly string[];
}

/** A template, or what makes a name of the arguments. Source: S21. */
export type RunName = string | NameOfRun;

type NameOfRun = (args: readonly unknown[]) => string;

/** A parameter as the user declares it; a name alone is required unless the function's source gives it a default. */
export type DeclaredParameter = string | { readonly name: string; readonly required?: boolean };

/** What tasks may have in common: the defaults of a `bundle()`. Source: S8. */
export interface GroupOptions extends RunOptions, HookOptions {
  /** Labels of the task's runs and pods, in the syntax of Kubernetes. Source: S20. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Time between SIGTERM and the end of the process: 0 to 600 s, 10 if absent. Source: S163. */
  readonly gracePeriodSeconds?: number;
  /** Whether `console.log`, `info`, `warn` and `error` write records of the log; no if absent. Source: S144. */
  readonly logPrints?: boolean;
  /** Whether a failure may be retried; asked in the attempt's process. Source: S93. */
  readonly retryIf?: RetryIf;
}

/** Options of `task()`. All are optional; an unknown one throws. Source: S7. */
export interface TaskOptions extends GroupOptions {
  /** Free text for people, of at most 2048 characters. Source: S17. */
  readonly description?: string;
  /**
   * What the run is called in `status.displayName`; the task's name if absent.
   *
   * A template is filled with arguments by parameter name, `"greet {user}"`; a function gets the list of arguments and
   * returns the name. One that throws or returns no string leaves the default, with a warning. Source: S21.
   */
  readonly runName?: RunName;
  /** `v<major>.<minor>` of the task's contract; `v0.0` if absent. Source: S252. */
  readonly version?: string;
  /** The parameters' names, where the function's source does not tell them: minified or bound functions. Source: S32. */
  readonly parameters?: readonly DeclaredParameter[];
  /**
   * What the input must be: a JSON Schema (draft 2020-12). An object schema describes the only argument, which is then the
   * input as a whole; an array schema describes the list of arguments. A zod type is taken as well, see {@link SchemaOptions}.
   * Source: S39 to S41.
   */
  readonly inputSchema?: JsonSchemaObject;
  /** What the result must be: a JSON Schema, or a zod type, which parses it. Source: S51. */
  readonly resultSchema?: JsonSchemaObject;
  /** `"object"`: a named input is passed whole, as the only argument; `"named"` if absent. Source: S31. */
  readonly args?: "named" | "object";
}

/** {@link TaskOptions} whose schemas are zod types, or others of Standard Schema that can say themselves as JSON Schema. */
export interface SchemaOptions<In, Out> extends Omit<TaskOptions, "inputSchema" | "resultSchema"> {
  readonly inputSchema?: In;
  readonly resultSchema?: Out;
}

/** Options of one call, given by `with()`: they replace the task's own. Source: S26. */
export interface CallOptions extends RunOptions {
  /** Makes a later attempt of the caller find this child again; 1 to 256 characters, unique within the caller. Source: S120. */
  readonly key?: string;
  /** Not before this instant: a Date, or a text in RFC 3339. Source: S73. */
  readonly startAt?: Date | string;
  /** Not before these runs have Succeeded, or have ended if their failure is allowed; at most 1000. Source: S131, S133. */
  readonly waitFor?: readonly (TaskInstance<unknown> | AllowedFailure<unknown>)[];
  /** Its failure is tolerated: what depends on it runs all the same. Awaiting it throws as ever. Source: S140. */
  readonly optional?: boolean;
}

/** Options of one `trigger()`. Source: S110. */
export interface TriggerOptions extends RunOptions {
  /** The bundle of the task; else the caller's own inside a run, else the variable `STINT_BUNDLE`. Source: S110. */
  readonly bundle?: string;
  /** Where the run is created; else the kubeconfig's or the pod's own. Inside a run it is always the pod's own. Source: S123. */
  readonly namespace?: string;
  /** The run's name, at most 52 characters; generated if absent. By it a repeated trigger finds the first one's run. Source: S111. */
  readonly name?: string;
  /** Not before this instant: a Date, or a text in RFC 3339. Source: S73. */
  readonly startAt?: Date | string;
}

/** Task options as they are kept: checked, and with nothing left to evaluate. */
export interface DefinedOptions
  extends Omit<SchemaOptions<AnySchema, AnySchema>, keyof TaskSettings | HookName>, TaskSettings, DefinedHooks {}

type DefinedHooks = { readonly [Name in HookName]?: readonly Hook[] };

/** Call options as they are kept. */
export interface DefinedCall extends Omit<StartOptions, "tagPolicy"> {
  readonly optional?: boolean;
  readonly key?: string;
  readonly waitFor?: readonly Reference[];
}

const description: Rule<string> = (value, place) => {
  if (typeof value !== "string") throw mustBe(place, "a text", value);
  if (value.length <= optionLimits.descriptionLength) return value;
  throw new RangeError(
    `Task "${place.task}": description has ${value.length} characters, the limit is ${optionLimits.descriptionLength}`,
  );
};

export const tagsRule: Rule<readonly string[]> = (value, place) => {
  if (!isListOfStrings(value)) throw mustBe(place, "a list of strings", value);
  for (const tag of value) refuse(tagProblem(tag));
  if (value.length > optionLimits.tags) throw mustBe(place, `at most ${optionLimits.tags} strings`, value.length);
  return [...value];
};

const version: Rule<string> = (value, { task }) => {
  refuse(versionProblem(task, String(value)));
  return String(value);
};

const runName: Rule<RunName> = (value, place) => {
  if (typeof value === "string" || isFunction(value)) return value;
  throw mustBe(place, "a template or a function", value);
};

const labels: Rule<Readonly<Record<string, string>>> = (value, place) => {
  if (!isRecordOfStrings(value)) throw mustBe(place, "an object of strings", value);
  refuse(labelProblem(place.task, value));
  return { ...value };
};

const parameters: Rule<readonly DeclaredParameter[]> = (value, place) => {
  if (!Array.isArray(value) || !value.every(isDeclaredParameter)) {
    throw mustBe(place, "a list of names or of {name, required}", value);
  }
  return value.map((parameter) => (typeof parameter === "string" ? parameter : { ...parameter }));
};

export const instant: Rule<string> = (value, place) => {
  const at = value instanceof Date ? value.getTime() : typeof value === "string" ? parseInstant(value) : Number.NaN;
  if (Number.isNaN(at)) throw mustBe(place, "a Date or an instant in RFC 3339", value);
  return new Date(at).toISOString();
};

function parseInstant(value: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(value) ? Date.parse(value) : Number.NaN;
}

const waitFor: Rule<readonly Reference[]> = (value, place) => {
  const references = Array.isArray(value) ? value.map(referenceIn) : [undefined];
  const known = references.filter((reference) => reference !== undefined);
  if (known.length === references.length) return known;
  throw mustBe(place, "a list of task instances", value);
};

export const runRules = {
  instanceType: text(253),
  resources: object<Profile>({ cpu: number(optionLimits.profileCpu), memoryMb: integer(optionLimits.profileMemoryMb) }),
  timeoutSeconds: integer(optionLimits.timeoutSeconds),
  startTimeoutSeconds: integer(optionLimits.startTimeoutSeconds),
  deadlineSeconds: integer(optionLimits.deadlineSeconds),
  retry: retryRule,
  tags: tagsRule,
};

const taskRules: Rules<DefinedOptions> = {
  ...runRules,
  description,
  runName,
  version,
  labels,
  parameters,
  inputSchema: anySchema,
  resultSchema: anySchema,
  args: oneOf("named", "object"),
  gracePeriodSeconds: integer(optionLimits.gracePeriodSeconds),
  logPrints: boolean,
  retryIf: retryIfRule,
  onRunning: hooksRule,
  onCompletion: hooksRule,
  onFailure: hooksRule,
};

const callRules: Rules<DefinedCall> = {
  ...runRules,
  key: text(optionLimits.childKeyLength),
  startAt: instant,
  waitFor,
  optional: boolean,
};

/** @throws {TypeError} @throws {RangeError} with the texts of S7, S17, S18, S20, S28, S62, S80 and S252. */
export function parseTaskOptions(task: string, options: unknown): DefinedOptions {
  return ofOneSize(task, object(taskRules)(options, { task, field: "" }));
}

/** As {@link parseTaskOptions}, with the text of S26 for what belongs to the definition. */
export function parseCallOptions(task: string, options: unknown): DefinedCall {
  const fixed = isRecord(options) ? Object.keys(options).find(isOfDefinition) : undefined;
  if (fixed !== undefined) throw new TypeError(`option "${fixed}" cannot be overridden`);
  return ofOneSize(task, object(callRules)(options, { task, field: "" }));
}

/** A call has no other name, parameters or process than its task (S26). */
function isOfDefinition(option: string): boolean {
  return !(option in callRules) && (option in taskRules || option === "name");
}

interface Sized {
  readonly instanceType?: unknown;
  readonly resources?: unknown;
}

export function ofOneSize<T extends Sized>(task: string, options: T): T {
  if (options.instanceType === undefined || options.resources === undefined) return options;
  throw new TypeError(`Task "${task}": give instanceType or resources, not both`);
}

/** The options of two places: each is taken whole from the higher one that sets it, and a size is a size (S9, S61). */
export function over<Lower extends Sized, Upper extends Sized>(lower: Lower, upper: Upper): Lower & Upper {
  const set = Object.fromEntries(Object.entries(upper).filter(([, value]) => value !== undefined));
  const { instanceType: _, resources: __, ...unsized } = lower;
  const isSized = "instanceType" in set || "resources" in set;
  return { ...(isSized ? unsized : lower), ...set } as Lower & Upper; // what an absent option leaves is its type's too
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new TypeError(problem);
}

function isListOfStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((element) => typeof element === "string");
}

function isFunction(value: unknown): value is NameOfRun {
  return typeof value === "function";
}

function isRecordOfStrings(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((member) => typeof member === "string");
}

function isDeclaredParameter(value: unknown): value is DeclaredParameter {
  if (typeof value === "string") return value !== "";
  return (
    isRecord(value) && typeof value["name"] === "string" && ["undefined", "boolean"].includes(typeof value["required"])
  );
}
