import { taskNameProblem } from "@stint/crds/names";
import type { TaskSettings } from "@stint/crds/settings";

import { callbacksOf, taskHooksOf } from "./callbacks.ts";
import { described } from "./described.ts";
import type { RunHandle, TaskInstance } from "./handle.ts";
import { inProcess } from "./in-process.ts";
import type { MapArguments, TaskInstanceList } from "./map.ts";
import { over, parseCallOptions, parseTaskOptions } from "./options.ts";
import type { CallOptions, DefinedCall, DefinedOptions, GroupOptions, SchemaOptions, TaskOptions } from "./options.ts";
import type { AnyFunction } from "./parameters.ts";
import type { GivenArguments } from "./reference.ts";
import { sharedRegistry, type Definition } from "./registry.ts";
import { isStandard, type JsonSchemaObject, type StandardSchema } from "./schema.ts";
import { currentScope, markCall, type Scope, type Target } from "./scope.ts";
import { setTarget } from "./targets.ts";
import { trigger, type TriggerArguments } from "./trigger.ts";

/** The value that a run of the function ends with: awaited, and of a generator the array of what it yields (S23, S45). */
export type ResultOf<R> =
  Awaited<R> extends Generator<infer Y, unknown, never> | AsyncGenerator<infer Y, unknown, never>
    ? Awaited<Y>[]
    : Awaited<R>;

/** A task by its name, callable and to be triggered. `A` are its parameters, `T` is its result. */
export interface TaskRef<A extends readonly unknown[], T> {
  /**
   * Inside a run: starts a child run at once, in a pod of its own, and gives its {@link TaskInstance}.
   *
   * An instance among the arguments, or inside them, stands for its value: the child waits for that run, the caller does not.
   *
   * Throws an `Error` outside a run, a `TypeError` for an argument that is not JSON, a `RangeError` for arguments of more
   * than 524288 bytes. What the gateway refuses (the run is being canceled, its tree is full) rejects when awaited.
   * Source: S42, S43, S107, S109, S125, S130.
   */
  (...args: GivenArguments<A>): TaskInstance<T>;
  /** The task's name, without its bundle. */
  readonly name: string;
  /**
   * Creates a root run, from anywhere, and gives its handle once the cluster has it.
   *
   * The input is the list of arguments, or an object by name. Outside a run the cluster is the one that kubectl would
   * use, or the pod's own, and the bundle is the option `bundle`, else the variable `STINT_BUNDLE`. With `name`, an
   * existing run of that name and task is given instead of an error. Errors: a `TypeError` for an input that is not
   * JSON, `ClientError`, `ServerError`. Source: S110, S111, S123, S283, S284.
   */
  trigger(...args: TriggerArguments<A>): Promise<RunHandle<T>>;
  /**
   * Starts a child for each element: arrays are walked together, anything else, and {@link unmapped}, goes to every call.
   *
   * Gives the list of instances, which awaited gives all values in order. An empty array gives an empty list. Throws a
   * `TypeError` without an array or for arrays of different lengths, and what a call throws, before any child starts.
   * Source: S128, S129.
   *
   * ```ts
   * const sizes = await resize.map(urls, 640);
   * ```
   */
  map(...args: MapArguments<A>): TaskInstanceList<T>;
  /** A copy that is called and triggered with other options; the registered task stays as it is. Source: S26. */
  with(options: CallOptions): TaskRef<A, T>;
}

/** A registered task. Source: S1. */
export interface Task<A extends readonly unknown[], R> extends TaskRef<A, ResultOf<R>> {
  /** As given at definition and replaced by {@link with}: checked, and a delay function evaluated. */
  readonly options: Readonly<DefinedOptions & DefinedCall>;
  with(options: CallOptions): Task<A, R>;
  /**
   * Runs the function in this process, as a plain function: for unit tests. No retries, no timeout, no pod; tasks that it
   * calls run here too, and `currentContext()` answers a stub.
   *
   * Throws a `TypeError` for a wrong number of arguments, else what the function throws. Source: S112, S286.
   */
  local(...args: A): R;
}

/**
 * `Function` and not a type with a signature: from one the compiler would take the types of parameters that have none of
 * their own, and `(w: number, h = 1) => w * h` would have an unknown `h`.
 */
type Untyped = Function;

/** The task that a function makes. */
export type TaskOf<F> = F extends (...args: infer A) => infer R ? Task<A, R> : never;

/** What a type says of a value before it has parsed it, and after. */
type Given<S> = S extends StandardSchema<infer Input> ? Input : never;
type Parsed<S> = S extends StandardSchema<unknown, infer Output> ? Output : never;

/** A type of a list describes all arguments, any other the only one (S39). */
type ArgumentsOf<T> = T extends readonly unknown[] ? T : [input: T];

/** What comes of a function's value, parsed by a type; of a generator's values there is nothing to say yet. */
type ParsedBy<Out, R> = [Out] extends [never]
  ? R
  : R extends Generator<unknown, unknown, never> | AsyncGenerator<unknown, unknown, never>
    ? R
    : R extends PromiseLike<unknown>
      ? Promise<Parsed<Out>>
      : Parsed<Out>;

/** The value that a function has to give for a type to parse, now or later. */
type Parsable<Out> = [Out] extends [never]
  ? unknown
  : Given<Out> | PromiseLike<Given<Out>> | Generator<unknown, unknown, never> | AsyncGenerator<unknown, unknown, never>;

/** A function that takes what the type of the input gives. */
type Taking<In, Out, R extends Parsable<Out>> = (...args: ArgumentsOf<Parsed<In>>) => R;

/** The task of such a function: its callers give what that type takes. */
type SchemaTask<In, Out, R> = Task<ArgumentsOf<Given<In>>, ParsedBy<Out, R>>;

/** The forms of a definition (S1), with zod types and others that follow Standard Schema first: they say what is taken (S39). */
export interface DefineTask {
  <In extends StandardSchema, R extends Parsable<Out>, Out extends StandardSchema = never>(
    name: string,
    options: SchemaOptions<In, Out | JsonSchemaObject> & { readonly inputSchema: In },
    fn: Taking<In, Out, R>,
  ): SchemaTask<In, Out, R>;
  <In extends StandardSchema, R extends Parsable<Out>, Out extends StandardSchema = never>(
    options: SchemaOptions<In, Out | JsonSchemaObject> & { readonly inputSchema: In },
    fn: Taking<In, Out, R>,
  ): SchemaTask<In, Out, R>;
  <A extends readonly unknown[], R extends Parsable<Out>, Out extends StandardSchema>(
    name: string,
    options: SchemaOptions<JsonSchemaObject, Out> & { readonly resultSchema: Out },
    fn: (...args: A) => R,
  ): Task<A, ParsedBy<Out, R>>;
  <A extends readonly unknown[], R extends Parsable<Out>, Out extends StandardSchema>(
    options: SchemaOptions<JsonSchemaObject, Out> & { readonly resultSchema: Out },
    fn: (...args: A) => R,
  ): Task<A, ParsedBy<Out, R>>;
  <F extends Untyped>(name: string, fn: F): TaskOf<F>;
  <F extends Untyped>(name: string, options: TaskOptions, fn: F): TaskOf<F>;
  <F extends Untyped>(fn: F): TaskOf<F>;
  <F extends Untyped>(options: TaskOptions, fn: F): TaskOf<F>;
}

/** What the tasks of one `bundle()` have in common, and where they are collected. */
export interface TaskGroup {
  readonly defaults: GroupOptions;
  add(task: Task<never, unknown>): void;
}

/**
 * Defines a task: registers the function under a name, and gives an object to call and to trigger it by.
 *
 * The name is unique in its bundle, 1 to 256 of `A-Z a-z 0-9 _ - . /`; without one it is the function's own. Call it at
 * module level: once the entry point is imported, no further task can be defined. Throws a `TypeError` for a bad name,
 * option or function, a `RangeError` for a value out of its bounds, an `Error` for a name that is taken or a definition
 * that comes too late. Source: S1 to S7, S14, S28.
 *
 * ```ts
 * export const square = task("square", { timeoutSeconds: 60 }, (n: number) => n * n);
 * export const resize = task("resize", { inputSchema: z.object({ url: z.url(), width: z.int().default(640) }) },
 *   ({ url, width }) => fetchResized(url, width));
 * ```
 */
export const task: DefineTask = definer();

/** `task`, of a group or of none. */
export function definer(group?: TaskGroup): DefineTask {
  return (...given: readonly unknown[]) => defineTask(given, group);
}

function defineTask(given: readonly unknown[], group: TaskGroup | undefined): Task<unknown[], unknown> {
  const { name, options: asked, fn } = definitionFrom(given);
  const options = parseTaskOptions(name, group && isObject(asked) ? over(group.defaults, asked) : asked);
  const hooks = taskHooksOf(options);
  const definition: Definition = {
    fn,
    described: described({ name, fn, options }),
    group,
    runName: options.runName,
    parsers: parsersOf(options),
    callbacks: callbacksOf(options),
    entry: {
      name,
      kind: "Task",
      functionName: fn.name,
      ...(options.description === undefined ? {} : { description: options.description }),
      version: options.version ?? "v0.0",
      tags: options.tags ?? [],
      labels: options.labels ?? {},
      settings: settingsOf(options),
      ...(hooks && { hooks }),
    },
  };
  sharedRegistry().define(definition);
  const defined = taskObject(definition, options, {});
  group?.add(defined);
  return defined;
}

/**
 * A task of another bundle, by reference: `taskRef<[string], Image>("media/resize")`.
 *
 * Called inside a run it starts a child of the same tree, on the newest ready revision of that bundle. Parameters and
 * result are whatever the caller declares; nothing checks them. Throws a `TypeError` for anything but `<bundle>/<task>`.
 * Source: S122.
 */
export function taskRef<A extends readonly unknown[] = unknown[], T = unknown>(reference: string): TaskRef<A, T> {
  const [, bundle, name] = /^([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)\/([^:]+)$/.exec(reference) ?? [];
  if (bundle === undefined || name === undefined || taskNameProblem(name) !== undefined) {
    throw new TypeError(`Task reference "${reference}" is not allowed: use <bundle>/<task>`);
  }
  return refObject({ bundle, name }, {});
}

/** Sorts out the four forms of S1, and says what is wrong with any other (S4). */
function definitionFrom(given: readonly unknown[]): { name: string; options: unknown; fn: AnyFunction } {
  const [first] = given;
  const isNamed = !isFunction(first) && !isObject(first);
  const name = isNamed ? first : (given.find(isFunction)?.name ?? "");
  if (typeof name !== "string") throw new TypeError("A task needs a name");
  const problem = taskNameProblem(name);
  if (problem !== undefined) throw new TypeError(problem);

  const fn = given.at(-1);
  if (!isFunction(fn)) throw new TypeError(`Task "${name}": the last argument must be a function`);
  const [options = {}] = given.slice(isNamed ? 1 : 0, -1);
  return { name, options, fn };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === "function";
}

function parsersOf({ inputSchema, resultSchema }: DefinedOptions): NonNullable<Definition["parsers"]> {
  return {
    ...(isStandard(inputSchema) && { input: inputSchema }),
    ...(isStandard(resultSchema) && { result: resultSchema }),
  };
}

const settingNames = [
  "instanceType",
  "resources",
  "timeoutSeconds",
  "startTimeoutSeconds",
  "deadlineSeconds",
  "gracePeriodSeconds",
  "logPrints",
  "retry",
] as const satisfies readonly (keyof TaskSettings)[];

function settingsOf(options: DefinedOptions): TaskSettings {
  const set = settingNames.filter((name) => options[name] !== undefined);
  return Object.fromEntries(set.map((name) => [name, options[name]]));
}

/** `call` is what `with()` replaced, and all that a start sends: the operator knows the rest from the manifest. */
function taskObject(definition: Definition, options: DefinedOptions, call: DefinedCall): Task<unknown[], unknown> {
  const { name } = definition.entry;
  return callable({ name, definition }, call, {
    options: Object.freeze(over(options, call)),
    local: (...args: readonly unknown[]) => inProcess().runLocally(definition, args),
    with: (replaced: CallOptions) => taskObject(definition, options, over(call, parseCallOptions(name, replaced))),
  });
}

function refObject<A extends readonly unknown[], T>(target: Target, call: DefinedCall): TaskRef<A, T> {
  return callable<A, T, Pick<TaskRef<A, T>, "with">>(target, call, {
    with: (replaced) => refObject(target, over(call, parseCallOptions(target.name, replaced))),
  });
}

function callable<A extends readonly unknown[], T, Members extends object>(
  target: Target,
  call: DefinedCall,
  members: Members,
) {
  // The casts: what comes of a call is what the task declares.
  const start = (...args: GivenArguments<A>) => scopeOf(target).call(target, call, args) as TaskInstance<T>;
  Object.defineProperty(start, "name", { value: target.name });
  markCall(start, { target, options: call });
  const started = {
    map: (...args: MapArguments<A>) => scopeOf(target).map(target, call, args) as TaskInstanceList<T>,
    trigger: (...args: TriggerArguments<A>) => trigger(target, call, args) as Promise<RunHandle<T>>,
  };
  setTarget(start, target);
  return Object.freeze(Object.assign(start, members, started));
}

function scopeOf({ name }: Target): Scope {
  const scope = currentScope();
  if (scope) return scope;
  throw new Error(
    `Task "${name}" called outside a run: use .trigger(...) to create a run or .local(...) to run the function in this process`,
  );
}
