// What an attempt is told of the runs that it depends on: their results in its input, and how each ended (S130, S133, S142).
//
//   U1. A result goes where its pointer says, and what it says itself has no meaning: data from outside stays data.
//   U2. A run that did not succeed leaves null in its place, and the assignment marks the place: no data can be taken for it.
//   U3. However many and large the results are, no more of them is held at once than an input may have.
import type { Assignment, RunOutcome, Upstream } from "@stint/crds/attempt";
import { ConditionType } from "@stint/crds/conditions";
import { jsonBytes, type Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import { withValuesAt } from "@stint/crds/pointer";
import type { TaskRun } from "@stint/crds/taskrun";

import { conditionOf, phaseOf } from "../core/status.ts";
import { demandsOf, isOver } from "../core/upstreams.ts";
import type { ObservedRun, World } from "../core/world.ts";
import { inputOf } from "../effects/reading.ts";
import { taskRuns } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import type { GatewayDeps } from "./deps.ts";
import { toOutcome } from "./outcome.ts";
import { notYet } from "./refusal.ts";

type Sources = Pick<GatewayDeps, "caches" | "cluster">;

/** The members of an assignment that other runs have a part in. */
export type InputMembers = Pick<Assignment, "input" | "failures" | "upstream">;

/** They, or what is in the way of them. */
type Inputs =
  | { readonly kind: "known"; readonly members: InputMembers }
  | { readonly kind: "unknown"; readonly fault: NonNullable<World["inputFault"]> };

/** Reads at once: each is a small request, and a fan-in may have a thousand. */
const readsAtOnce = 16;

/** Throws `Unavailable` for a run that had ended and is live again. */
export async function inputsOf(run: ObservedRun, { spec }: TaskRun, sources: Sources): Promise<Inputs> {
  const input = inputOf(spec);
  const demands = demandsOf(run.spec);
  if (demands.length === 0) return { kind: "known", members: { input } };

  const places = Map.groupBy(run.spec.inputRefs ?? [], (ref) => ref.run);
  const taken: Taken = { bytes: jsonBytes(input), values: new Map(), failures: [], upstream: [] };
  for (let first = 0; first < demands.length; first += readsAtOnce) {
    const names = demands.slice(first, first + readsAtOnce).map((demand) => demand.run);
    const ends = await Promise.all(names.map((name) => endOf(name, places.has(name), run, sources)));
    for (const [index, name] of names.entries()) {
      const pointers = places.get(name)?.map(({ pointer }) => pointer) ?? [];
      const end = ends[index];
      if (end) take(end, pointers, taken);
      else if (pointers.length > 0) return { kind: "unknown", fault: { kind: "missing", run: name } };
    }
  }
  const { bytes, values, failures, upstream } = taken;
  if (bytes > limits.payloadBytes) return { kind: "unknown", fault: { kind: "tooLarge", bytes } };
  const resolved = withValuesAt(input, values) as Json; // JSON in the places of JSON
  return {
    kind: "known",
    members: { input: resolved, upstream, ...(failures.length > 0 && { failures }) },
  };
}

/** What has been read so far. */
interface Taken {
  bytes: number;
  readonly values: Map<string, Json>;
  readonly failures: { readonly pointer: string; readonly outcome: RunOutcome }[];
  readonly upstream: Upstream[];
}

type End = Upstream | RunOutcome;

function take(end: End, pointers: readonly string[], taken: Taken): void {
  const { phase, reason } = end;
  taken.upstream.push({ run: "run" in end ? end.run : end.name, phase, reason });
  if ("run" in end) return;
  if (phase !== "Succeeded") {
    for (const pointer of pointers) taken.failures.push({ pointer, outcome: end });
    return;
  }
  const value = end.result ?? null;
  taken.bytes += pointers.length * (jsonBytes(value) - jsonBytes(null));
  if (taken.bytes > limits.payloadBytes) taken.values.clear(); // U3: what is still to come is only counted
  else for (const pointer of pointers) taken.values.set(pointer, value);
}

/** How a run ended, with its result if that is wanted; `undefined` if there is no such run. */
async function endOf(
  name: string,
  withResult: boolean,
  dependent: ObservedRun,
  { caches, cluster }: Sources,
): Promise<End | undefined> {
  const { namespace = "" } = dependent.metadata;
  const known = withResult ? undefined : caches.runs.get(`${namespace}/${name}`);
  if (known && isOver(known)) return toUpstream(name, known);
  const run = await cluster.get(taskRuns, { namespace, name }).catch((error: unknown) => {
    if (isApiError(error, "notFound")) return undefined;
    throw error;
  });
  const outcome = run && toOutcome(run);
  if (run && !outcome) throw notYet(`upstream run ${name} has been started again`);
  return outcome;
}

function toUpstream(run: string, { status = {} }: ObservedRun): Upstream {
  const { reason = "" } = conditionOf(status.conditions, ConditionType.Succeeded) ?? {};
  return { run, phase: phaseOf(status.conditions ?? []) as Upstream["phase"], reason }; // it has ended
}
