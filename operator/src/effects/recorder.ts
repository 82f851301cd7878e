// Kubernetes Events for warnings, retries and failures: for people who run `kubectl describe`. They are the least important
// write of all, so one that fails is counted by the caller and never repeated.
import { hashName } from "@stint/crds/hash";
import type { KubernetesObject } from "@stint/crds/kubernetes";

import type { Cluster } from "./cluster.ts";
import { toMicroTime } from "./micro-time.ts";
import { events } from "./resources.ts";

const noteBytes = 1000; // the API server takes 1 kB
const sameEventMs = 600_000;
const remembered = 2000;

export interface EventToRecord {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly note: string;
}

export interface Recorder {
  /** Sends the event in the background. The same event about the same object is sent at most every ten minutes. */
  record(about: KubernetesObject, event: EventToRecord): void;
}

export interface RecorderDeps {
  readonly cluster: Cluster;
  readonly now: () => Date;
  /** Name of this replica: Events say who saw what. */
  readonly instance: string;
  readonly background: (name: string, promise: Promise<unknown>) => void;
}

export function createRecorder({ cluster, now, instance, background }: RecorderDeps): Recorder {
  const lastSent = new Map<string, number>();
  return {
    record(about, event) {
      const at = now();
      const identity = `${about.metadata.uid}/${event.reason}/${event.note}`;
      const before = lastSent.get(identity);
      if (before !== undefined && at.getTime() - before < sameEventMs) return;
      lastSent.delete(identity); // so that the map's order is by age
      lastSent.set(identity, at.getTime());
      forgetOldest(lastSent);
      background("recordEvent", cluster.create(events, about.metadata.namespace, toEvent(about, event, at, instance)));
    },
  };
}

function toEvent(about: KubernetesObject, { type, reason, note }: EventToRecord, at: Date, instance: string): object {
  const { name, namespace, uid, resourceVersion } = about.metadata;
  return {
    metadata: { name: `${name}.${hashName(`${uid}/${reason}/${note}/${at.getTime()}`, 16)}`, namespace },
    regarding: { apiVersion: about.apiVersion, kind: about.kind, name, namespace, uid, resourceVersion },
    eventTime: toMicroTime(at),
    reportingController: "stint.dev/operator",
    reportingInstance: instance,
    action: "Reconcile",
    type,
    reason,
    note: cut(note),
  };
}

function cut(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= noteBytes) return note;
  // A character cut in half would decode to the replacement character.
  return `${bytes
    .subarray(0, noteBytes - 4)
    .toString()
    .replace(/\uFFFD+$/, "")}…`;
}

function forgetOldest(lastSent: Map<string, number>): void {
  const [oldest] = lastSent.keys();
  if (lastSent.size > remembered && oldest !== undefined) lastSent.delete(oldest);
}
