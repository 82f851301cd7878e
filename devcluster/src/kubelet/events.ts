// Kubernetes Events about pods and nodes: what `kubectl describe` shows. One that repeats is counted, not written again.
import { randomBytes } from "node:crypto";

import type { Api, Draft, KubeObject } from "../api.ts";
import { type Clock, toTime } from "../clock.ts";
import { defined } from "../json.ts";
import { Refusal } from "../refusal.ts";

export interface Occurrence {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** Of a container: `spec.containers{main}`. */
  readonly fieldPath?: string;
}

export interface Recorder {
  (about: KubeObject, occurrence: Occurrence): void;
}

interface EventObject extends KubeObject {
  readonly count?: number;
}

/** How many different events are remembered to be counted when they repeat. */
const remembered = 1000;

/** `host` is the node that speaks; absent for what runs beside the API. */
export function createRecorder(api: Api, clock: Clock, component: string, host?: string): Recorder {
  const names = new Map<string, string>();
  return (about, { type, reason, message, fieldPath }) => {
    const { name, uid, resourceVersion, namespace } = about.metadata;
    const { apiVersion, kind } = about;
    const involvedObject = defined({ apiVersion, kind, namespace, name, uid, resourceVersion, fieldPath });
    const key = JSON.stringify([uid, type, reason, message, fieldPath]);
    const where = namespace ?? "default"; // events of cluster-scoped objects
    const now = toTime(clock.now());
    const known = api.get<EventObject>("events", { namespace: where, name: names.get(key) ?? "" });
    if (known) {
      api.update("events", { ...known, count: (known.count ?? 1) + 1, lastTimestamp: now });
      return;
    }
    const event = createIfAllowed(api, {
      metadata: { name: `${name}.${randomBytes(8).toString("hex")}`, namespace: where },
      involvedObject,
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      eventTime: null,
      source: { component, ...(host && { host }) },
      reportingComponent: component,
      reportingInstance: host ?? "",
    });
    if (event) names.set(key, event.metadata.name);
    const oldest = names.keys().next().value;
    if (names.size > remembered && oldest !== undefined) names.delete(oldest);
  };
}

/** A namespace that is being removed takes no more events; what they are about goes on. */
function createIfAllowed(api: Api, event: Draft): KubeObject | undefined {
  try {
    return api.create("events", event);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
