// What the API server sends, made into what is kept. The cache holds neither inputs nor results, and of finished runs only
// a stub, so that memory follows the number of live runs and never the size of users' data.
import { shapeOf } from "@stint/crds/binding";
import { ConditionType } from "@stint/crds/conditions";
import { sha256Hex } from "@stint/crds/hash";
import type { InputRef } from "@stint/crds/dependency";
import { canonicalJson, jsonBytes, type Json } from "@stint/crds/json";
import type { KubernetesObject, ObjectMeta } from "@stint/crds/kubernetes";
import { annotation, label } from "@stint/crds/labels";
import { valueAt } from "@stint/crds/pointer";
import { isRerunDue } from "@stint/crds/rerun";
import type { TaskRun } from "@stint/crds/taskrun";

import { computeSecondsOf } from "../core/stats.ts";
import { isTrue } from "../core/status.ts";
import type { InputSummary, ObservedRun, OwnedPod } from "../core/world.ts";
import type { Node, Pod } from "./resources.ts";

const ours: ReadonlySet<string> = new Set(Object.values(annotation));
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * A run without its input and result; a finished one as the stub that removal and those below it need, until a rerun is due.
 *
 * `before` is what was kept of it so far: hashing half a megabyte takes milliseconds, and a run's status changes often.
 */
export function toObservedRun(run: TaskRun, before?: ObservedRun): ObservedRun {
  const { apiVersion, kind, metadata, spec, status } = run;
  const { input, ...settings } = spec;
  const observed = {
    apiVersion,
    kind,
    metadata: slimMetadata(metadata),
    spec: settings,
    input: knownSummary(run, before) ?? summaryOf(input, spec.inputRefs),
  };
  if (!status) return observed;
  const { result: _, ...kept } = status;
  const whole = { ...observed, status: kept };
  return isTrue(status, ConditionType.Finished) && !isRerunDue(run) ? toStub(whole) : whole;
}

/** The input's summary, if the spec has not changed since it was made. A change of the spec is a new generation. */
function knownSummary({ metadata }: TaskRun, before: ObservedRun | undefined): InputSummary | undefined {
  const same = before?.metadata.uid === metadata.uid && before.metadata.generation === metadata.generation;
  return same && metadata.generation !== undefined ? before.input : undefined;
}

/** A run's input; an absent one equals [] (S29). */
export function inputOf({ input }: { readonly input?: unknown }): Json {
  return input === undefined ? [] : (input as Json); // untyped in the schema; it came as JSON from the API server
}

/** Enough of an input to bind, measure and recognise it. */
export function summaryOf(input: unknown, refs: readonly InputRef[] = []): InputSummary {
  const value = inputOf({ input });
  const dangling = refs.find(({ pointer }) => valueAt(value, pointer) !== null);
  try {
    return {
      hash: sha256Hex(canonicalJson(value)),
      bytes: jsonBytes(value),
      shape: shapeOf(value),
      ...(dangling && { danglingRef: dangling.pointer }),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Thousands of levels deep: more than our stack carries, so no runner could be sent it either. The run is refused, and
    // the informer that met it goes on.
    return { hash: "", bytes: 0, shape: { kind: "other", type: "a value nested too deeply" } };
  }
}

export function toOwnedPod(pod: Pod): OwnedPod {
  const { apiVersion, kind, metadata, spec, status = {} } = pod;
  const { phase, reason, message, startTime, conditions, containerStatuses } = status;
  return {
    apiVersion,
    kind,
    metadata: slimMetadata(metadata),
    spec: { ...(spec.nodeName !== undefined && { nodeName: spec.nodeName }) },
    status: {
      ...(phase !== undefined && { phase }),
      ...(reason !== undefined && { reason }),
      ...(message !== undefined && { message }),
      ...(startTime !== undefined && { startTime }),
      ...(conditions && { conditions }),
      ...(containerStatuses && { containerStatuses }),
    },
  };
}

/** A node without all that the kubelet says about it every few seconds. */
export function toSlimNode({ apiVersion, kind, metadata, spec, status }: Node): Node {
  const ready = status?.conditions?.filter(({ type }) => type === "Ready") ?? [];
  return {
    apiVersion,
    kind,
    metadata: { ...slimMetadata(metadata), labels: {}, annotations: {} },
    spec: { taints: spec?.taints ?? [] },
    status: { conditions: ready.map(({ type, status: value }) => ({ type, status: value })) },
  };
}

/** Metadata without what nobody reads and much memory goes to. */
export function slimMetadata(metadata: ObjectMeta): ObjectMeta {
  const { managedFields: _, annotations, ...kept } = metadata as ObjectMeta & { managedFields?: unknown };
  if (!annotations) return kept;
  const { [lastApplied]: __, ...others } = annotations;
  return { ...kept, annotations: others };
}

/** Uid of the root of a run's tree; its own, if nobody started it. */
export function rootUidOf({ metadata }: KubernetesObject): string {
  return metadata.labels?.[label.rootUid] ?? metadata.uid;
}

export function controllerUid({ metadata }: KubernetesObject): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
}

/** What removal, reruns, the runs around a finished one and what a root tells of its tree ask of it. */
const keptOfSpec = ["task", "cancel", "suspend", "rerun", "optional", "ttlSecondsAfterFinished"] as const;
const keptOfStatus = [
  "phase",
  "startedAt",
  "finishedAt",
  "attemptCount",
  "rerunGeneration",
  "rerunAt",
  "hooks",
  "stats",
  "progress",
  "summed",
  "subtasks",
  "tolerated",
] as const;
const keptConditions: ReadonlySet<string> = new Set([ConditionType.Finished, ConditionType.Succeeded]);

function toStub(run: ObservedRun): ObservedRun {
  const { annotations, ...metadata } = run.metadata;
  const { conditions = [], attempts = [] } = run.status ?? {};
  return {
    ...run,
    metadata: { ...metadata, ...(annotations && ourAnnotations(annotations)) },
    spec: picked(run.spec, keptOfSpec),
    input: { hash: run.input.hash, bytes: run.input.bytes, shape: { kind: "array", length: 0 } },
    computeSeconds: computeSecondsOf(attempts),
    status: {
      ...picked(run.status ?? {}, keptOfStatus),
      conditions: conditions.filter(({ type }) => keptConditions.has(type)),
    },
  };
}

/** Which call of which attempt made it, and where it stands among those of its key. */
function ourAnnotations(annotations: Readonly<Record<string, string>>): Pick<ObjectMeta, "annotations"> {
  const kept = Object.entries(annotations).filter(([key]) => ours.has(key));
  return kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) };
}

/** The members of these names that there are. */
function picked<T extends object, K extends keyof T>(object: T, names: readonly K[]): Pick<T, K> {
  const kept = names.filter((name) => object[name] !== undefined).map((name) => [name, object[name]] as const);
  return Object.fromEntries(kept) as Pick<T, K>; // of these names, which Object.fromEntries forgets
}
