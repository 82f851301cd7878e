import { hashName } from "./hash.ts";
import { traceIdOf } from "./trace.ts";

/** Labels and annotations of ours; users may set none under `stint.dev/` (S6). */
export const label = {
  bundle: "stint.dev/bundle",
  root: "stint.dev/root",
  parent: "stint.dev/parent",
  run: "stint.dev/run",
  attempt: "stint.dev/attempt",
  revision: "stint.dev/revision",
  /** On every pod of ours, with the value {@link component}: informers and sweeps select on it. */
  component: "stint.dev/component",
  /** Uid of the root, by which a tree is counted. */
  rootUid: "stint.dev/root-uid",
  /** On a root run that was triggered inside a run: uid of that run's root, whose tree may await and cancel it. */
  triggeredBy: "stint.dev/triggered-by",
  /** On a run that was submitted: number of the attempt of its parent that submitted it (S134). */
  handedOver: "stint.dev/handed-over",
  /** A pod's name again, so that finished pods can be deleted in batches (S300). */
  podName: "stint.dev/pod",
} as const;

/** Annotations of a run. A child carries the call that made it (S118), how deep it stands (S127), and who reads it. */
export const annotation = {
  parentAttempt: "stint.dev/parent-attempt",
  sequence: "stint.dev/sequence",
  key: "stint.dev/key",
  ordinal: "stint.dev/ordinal",
  depth: "stint.dev/depth",
  /** On an entry of a tree's cache: its key, and when it is no longer to be found (S149). */
  cacheKey: "stint.dev/cache-key",
  expiresAt: "stint.dev/expires-at",
  /** The W3C trace context of the run: its children inherit it, its pods get it as `TRACEPARENT` (S151). */
  traceparent: "stint.dev/traceparent",
  /** Somebody reads what the run yields, as it comes (S24). */
  read: "stint.dev/read",
} as const;

export const component = {
  attempt: "attempt",
  registration: "registration",
  bundle: "bundle",
  cache: "cache",
  values: "values",
} as const;

/** `tag.stint.dev/<tag>: ""`, set by whoever creates the run (S18). */
export const tagLabelPrefix = "tag.stint.dev/";

/** The annotation that passes a trace context on; absent for a text that is none (S151). */
export function traceAnnotation(traceparent: string | undefined): Readonly<Record<string, string>> | undefined {
  const isTrace = traceparent !== undefined && traceIdOf(traceparent) !== undefined;
  return isTrace ? { [annotation.traceparent]: traceparent } : undefined;
}

/** The trace context of a run, as its pods and its children inherit it (S151). */
export function traceparentOf(annotations: Readonly<Record<string, string>> = {}): string | undefined {
  return traceAnnotation(annotations[annotation.traceparent])?.[annotation.traceparent];
}

/** The labels that say a run's tags. */
export function tagLabels(tags: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map((tag) => [`${tagLabelPrefix}${tag}`, ""]));
}

/** What a run says about its tags. */
export interface TagOptions {
  readonly tags?: readonly string[] | undefined;
  readonly tagPolicy?: "Join" | "Replace" | undefined;
}

/** The tags of a run: its own joined with the task's, or in their place (S18, S26). */
export function tagsOf(task: readonly string[], { tags = [], tagPolicy = "Join" }: TagOptions): readonly string[] {
  return [...new Set([...(tagPolicy === "Join" ? task : []), ...tags])];
}

export interface NamedObject {
  readonly name: string;
  readonly uid: string;
}

/** `<run>-<h>-<n>`: the only name the pod of an attempt can have, so one attempt cannot have two (S98). */
export function podName(run: NamedObject, attempt: number): string {
  return `${run.name}-${hashName(run.uid, 5)}-${attempt}`;
}

/** `<bundle>-<h>-r<n>`: the ControllerRevision of a bundle's revision, and the ConfigMap with its code (S11). */
export function revisionName(bundle: NamedObject, revision: number): string {
  return `${bundle.name}-${hashName(bundle.uid, 5)}-r${revision}`;
}

/** `<bundle>-<h>-r<n>-<attempt>`: the pod that registers a revision (S12). */
export function registrationPodName(bundle: NamedObject, revision: number, attempt: number): string {
  return `${revisionName(bundle, revision)}-${attempt}`;
}

/** `<root>-<h>-c-<20 characters>`: the ConfigMap of an entry of a tree's cache (S149). */
export function cacheEntryName(root: NamedObject, key: string): string {
  return `${root.name}-${hashName(root.uid, 5)}-c-${hashName(key, 20)}`;
}

/** `<run>-<h>-<n>-v<chunk>`: the ConfigMap with values that an attempt has yielded (S24). */
export function valuesName(run: NamedObject, attempt: number, chunk: number): string {
  return `${podName(run, attempt)}-v${chunk}`;
}

/** Who a child run is: the attempt and call that started it, or the key the caller gave (S118, S120). */
export type ChildIdentity =
  | { readonly parentUid: string; readonly attempt: number; readonly sequence: number }
  | { readonly parentUid: string; readonly key: string; readonly ordinal: number };

/** `trn-` and 20 characters that follow from the child's identity: a repeated request finds the same child. */
export function childName(identity: ChildIdentity): string {
  const text =
    "key" in identity
      ? `${identity.parentUid}/key/${identity.ordinal}/${identity.key}`
      : `${identity.parentUid}/${identity.attempt}/${identity.sequence}`;
  return `trn-${hashName(text, 20)}`;
}

/** The parts of `<bundle>/<task>[:<revision>]` (S3). */
export interface TaskReference {
  readonly bundle: string;
  readonly task: string;
  readonly revision?: number;
}

/** A task reference: the bundle ends at the first `/`, the revision follows the last `:` (S3). */
export const taskReferencePattern =
  /^([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)\/([A-Za-z0-9_](?:[A-Za-z0-9_./-]{0,254}[A-Za-z0-9_])?)(?::([1-9][0-9]{0,8}))?$/;

/** Splits a task reference; `undefined` if it is malformed. */
export function parseTaskReference(text: string): TaskReference | undefined {
  const match = taskReferencePattern.exec(text);
  if (!match) return undefined;
  const [, bundle, task, revision] = match;
  if (bundle === undefined || task === undefined) return undefined;
  return revision === undefined ? { bundle, task } : { bundle, task, revision: Number(revision) };
}
