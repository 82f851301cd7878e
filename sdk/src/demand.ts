// What a call asks of other runs before it may start: their values in its input, and their end (S130, S131).
import type { ChildStart } from "@stint/crds/attempt";
import type { Dependency } from "@stint/crds/dependency";
import type { Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";

import { toArguments, type ArgumentReference } from "./arguments.ts";
import type { ChildPort } from "./handle.ts";
import { inputTooLarge } from "./payload-limits.ts";
import type { Call } from "./scope.ts";

export interface Demand {
  readonly input: Json;
  readonly references: readonly ArgumentReference[];
  /** Each run once, with whether it may fail: where two places disagree it may not. */
  readonly upstreams: ReadonlyMap<ChildPort, { readonly allowFailure: boolean }>;
}

/** Throws a TypeError for what is no JSON (S42), a RangeError for an input too large (S43) or more than 1000 runs. */
export function toDemand({ target, args, options: { waitFor = [] } }: Call, ownBundle: string): Demand {
  const { input, references } = toArguments(target.name, args);
  const problem = inputTooLarge(`${target.bundle ?? ownBundle}/${target.name}`, input);
  if (problem !== undefined) throw new RangeError(problem);

  const upstreams = new Map<ChildPort, { readonly allowFailure: boolean }>();
  for (const { port, allowFailure } of [...references, ...waitFor]) {
    upstreams.set(port, { allowFailure: allowFailure && upstreams.get(port)?.allowFailure !== false });
  }
  const most = limits.dependencies;
  if (references.length > most || upstreams.size > most) {
    const count = Math.max(references.length, upstreams.size);
    throw new RangeError(`Task "${target.name}": dependsOn must be at most ${most} runs, got ${count}`);
  }
  return { input, references, upstreams };
}

/** The start with the names of what it depends on. Rejects as the start of such a run does. */
export async function withDependencies(start: ChildStart, demand: Demand): Promise<ChildStart> {
  const upstreams = await Promise.all(
    [...demand.upstreams].map(async ([port, { allowFailure }]) => ({ port, allowFailure, run: await port.started })),
  );
  const nameOf = new Map(upstreams.map(({ port, run }) => [port, run]));
  const dependsOn = upstreams.map(({ run, allowFailure }): Dependency =>
    allowFailure ? { run, allowFailure } : { run },
  );
  const inputRefs = demand.references.map(({ pointer, port }) => ({ pointer, run: nameOf.get(port) ?? "" }));
  return {
    ...start,
    options: { ...start.options, dependsOn, ...(inputRefs.length === 0 ? {} : { inputRefs }) },
  };
}
