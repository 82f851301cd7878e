// Events exist once and are shown twice: as `v1` and as `events.k8s.io/v1`. They are kept as `v1`.
import type { Draft, KubeObject } from "./api.ts";
import { builtin } from "./builtin.ts";
import { inVersion } from "./metadata.ts";
import type { Resource } from "./resource.ts";

const stored = builtin("events");

/** The resource under which objects of this one are kept. */
export function storedAs(resource: Resource): Resource {
  return isNewEvents(resource) ? stored : resource;
}

/** What is kept, as this resource shows it. */
export function shown(resource: Resource, object: KubeObject): KubeObject {
  return inVersion(resource, isNewEvents(resource) ? renamed(object, newNames) : object);
}

/** What this resource was given, as it is kept. */
export function kept(resource: Resource, draft: Draft): Draft {
  return isNewEvents(resource) ? renamed(draft, oldNames) : draft;
}

function isNewEvents({ group, plural }: Resource): boolean {
  return group === "events.k8s.io" && plural === "events";
}

/** What has another name in `events.k8s.io/v1`: the older name first. */
const names = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["reportingComponent", "reportingController"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
] as const;
const newNames: ReadonlyMap<string, string> = new Map(names);
const oldNames: ReadonlyMap<string, string> = new Map(names.map(([older, newer]) => [newer, older]));

function renamed<T extends object>(event: T, to: ReadonlyMap<string, string>): T {
  return Object.fromEntries(Object.entries(event).map(([name, value]) => [to.get(name) ?? name, value])) as T; // metadata keeps its name
}
