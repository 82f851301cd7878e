// `.local()`: the function in this process, for unit tests (S112). What it calls runs here too, and as strictly as in a
// cluster: arguments and results of a child are JSON, and its failure is a TaskRunError. Also `@stint/sdk/local`.
import type { RunOutcome, StreamNews, StreamPosition } from "@stint/crds/attempt";
import { NotStartedReason } from "@stint/crds/conditions";
import type { CachePort } from "@stint/crds/host";
import type { Json } from "@stint/crds/json";
import { tagsOf } from "@stint/crds/labels";
import { withValuesAt } from "@stint/crds/pointer";

import { toInput } from "./arguments.ts";
import { localCache } from "./cache.ts";
import { callsThrough } from "./calls.ts";
import { arityProblem, parseInput, parseResult, soon, type Checked } from "./checking.ts";
import { localContext, madeUpContext } from "./contexts.ts";
import { toDemand, type Demand } from "./demand.ts";
import { TaskRunError } from "./errors.ts";
import { execute } from "./execution.ts";
import type { ChildPort } from "./handle.ts";
import "./description.ts";
import { provide } from "./in-process.ts";
import { withOverrides } from "./overrides.ts";
import type { Definition } from "./registry.ts";
import { runIn, type Call, type Scope } from "./scope.ts";

export { madeUpContext, withOverrides };
provide({ runLocally, madeUpContext, withOverrides });

/**
 * What the function gives, as it gives it; with a result schema, as that parses it.
 *
 * With an input schema the arguments are made JSON and parsed, as on their way to a pod. Throws a TypeError for arguments or a
 * result that do not fit, and what the function throws; where a type parses asynchronously, the answer is a promise.
 */
export function runLocally(definition: Definition, args: readonly unknown[]): unknown {
  const { fn, entry } = definition;
  const scope = localScope(definition, [...args], localCache()); // one tree, in this process
  const call = (args: readonly unknown[]): unknown => runIn(scope, () => Reflect.apply(fn, undefined, args));
  const problem = arityProblem(definition, { kind: "array", length: args.length });
  if (problem !== undefined) throw new TypeError(problem);
  if (!definition.described().inputSchema) return checkedResult(definition, call(args));
  const parsed = parseInput(definition, bundle, toInput(entry.name, args));
  return soon(parsed, (parsed) => checkedResult(definition, call(required(parsed))));
}

/** As the context's. */
const bundle = "local";

function checkedResult(definition: Definition, result: unknown): unknown {
  if (!definition.described().resultSchema) return result;
  return soon(result, (value) => soon(parseResult(definition, bundle, value), required));
}

function required<T>(checked: Checked<T>): T {
  if ("value" in checked) return checked.value;
  throw new TypeError(checked.problem);
}

function localScope({ entry }: Definition, input: readonly unknown[], cache: CachePort): Scope {
  // The context shows what the caller gave, and in this process that may be anything.
  return { context: localContext(entry, input as Json, cache), ...callsThrough((calls) => startLocally(calls, cache)) };
}

interface LocalCall {
  readonly definition: Definition;
  readonly demand: Demand;
}

function startLocally(calls: readonly Call[], cache: CachePort): readonly ChildPort[] {
  return calls.map(toLocalCall).map((call) => new LocalRun(call, cache));
}

function toLocalCall(call: Call): LocalCall {
  const { definition, name, bundle: foreign } = call.target;
  if (!definition)
    throw new Error(`Task "${foreign}/${name}" is not in this process: .local() runs no task of another bundle`);
  const tags = tagsOf(definition.entry.tags, call.options);
  const tagged = { ...definition, entry: { ...definition.entry, tags } };
  return { definition: tagged, demand: toDemand(call, bundle) };
}

class LocalRun implements ChildPort {
  readonly id = "local";
  readonly started = Promise.resolve("local");
  readonly #outcome: Promise<RunOutcome>;
  readonly #yielded: Json[] = [];
  #more = Promise.withResolvers<void>();

  constructor(call: LocalCall, cache: CachePort) {
    const yielded = (value: Json): void => {
      this.#yielded.push(value);
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    };
    this.#outcome = localOutcome(call, cache, yielded);
  }

  outcome(): Promise<RunOutcome> {
    return this.#outcome;
  }

  async valuesAfter({ value }: StreamPosition): Promise<StreamNews> {
    const ended = this.#yielded.length > value ? undefined : await Promise.race([this.#more.promise, this.#outcome]);
    const values = this.#yielded.slice(value);
    if (values.length > 0) return { values, next: { attempt: 1, chunk: 0, value: this.#yielded.length } };
    return { outcome: ended ?? (await this.#outcome) };
  }

  cancel(): Promise<void> {
    return Promise.reject(new Error("a local run cannot be canceled"));
  }

  rerun(): Promise<void> {
    return Promise.reject(new Error("a local run cannot be done again"));
  }
}

async function localOutcome(
  { definition, demand }: LocalCall,
  cache: CachePort,
  yielded: (value: Json) => void,
): Promise<RunOutcome> {
  const { entry } = definition;
  const run = { name: "local", task: `local/${entry.name}`, attempts: 1 };
  const upstream = await upstreamOf(demand);
  const failed = [...upstream].find(
    ([port, { phase }]) => phase !== "Succeeded" && demand.upstreams.get(port)?.allowFailure !== true,
  )?.[1];
  if (failed) {
    const message = `upstream run ${failed.name} is ${failed.phase}`;
    return { ...run, phase: "Skipped", reason: NotStartedReason.UpstreamFailed, message, attempts: 0 };
  }
  const ends = [...upstream.values()].map(({ name, phase, reason }) => ({ run: name, phase, reason }));
  const values = demand.references.map(({ pointer, port }) => [pointer, valueOf(upstream.get(port))] as const);
  const input = withValuesAt(demand.input, new Map(values)) as Json; // as in an attempt: JSON, and errors that are allowed
  const scope: Scope = {
    context: localContext(entry, input, cache, ends),
    ...callsThrough((calls) => startLocally(calls, cache)),
    yielded,
  };
  const ending = await execute(definition, input, scope);
  if (ending.kind === "succeeded") {
    return { ...run, phase: "Succeeded", reason: "Completed", message: "", result: ending.value };
  }
  const { reason, error } = ending;
  return { ...run, phase: "Failed", reason, message: error.message, error };
}

async function upstreamOf({ upstreams }: Demand): Promise<ReadonlyMap<ChildPort, RunOutcome>> {
  const { signal } = new AbortController(); // nobody ends the wait
  const ports = [...upstreams.keys()];
  return new Map(await Promise.all(ports.map(async (port) => [port, await port.outcome(signal)] as const)));
}

function valueOf(outcome: RunOutcome | undefined): unknown {
  return outcome && outcome.phase !== "Succeeded" ? new TaskRunError(outcome) : (outcome?.result ?? null);
}
