// The TaskRuns that runners ask for, as they are created. Pure: a call in, an object out.
import { ProtocolCode, type ChildOptions, type ChildStart } from "@stint/crds/attempt";
import { sha256Hex } from "@stint/crds/hash";
import { canonicalJson, jsonBytes, type Json } from "@stint/crds/json";
import { apiVersion } from "@stint/crds/kubernetes";
import {
  annotation,
  label,
  parseTaskReference,
  tagLabels,
  tagsOf,
  traceAnnotation,
  traceparentOf,
  type TaskReference,
} from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import type { ManifestTask } from "@stint/crds/manifest";

import { inputTooLarge } from "../core/acceptance.ts";
import type { ObservedRun } from "../core/world.ts";
import { invariant } from "../errors.ts";
import { ProtocolRefusal } from "./refusal.ts";
import { depthOf, rootOf } from "./tree.ts";

/** What is called, with what: enough to create the run, and to recognise it. */
export interface RunCall {
  /** As it stands in `spec.task`. */
  readonly task: string;
  readonly reference: TaskReference;
  readonly input: Json;
  readonly inputHash: string;
  readonly options: ChildOptions;
  /** The task, where the revision that registered it is known here: its tags and labels are the run's too (S18, S20). */
  readonly registered?: ManifestTask | undefined;
  /** It waits for the success of the attempt that asks for it (S135). */
  readonly isSubmission?: boolean;
}

/** A run's body, as `Cluster.create` takes it. */
export interface RunBody {
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly object[];
  };
  readonly spec: object;
}

/** Which of an attempt's calls started a child, and under which key. */
export interface Origin {
  readonly attempt: number;
  readonly sequence: number;
  readonly key?: { readonly text: string; readonly ordinal: number };
}

/** A call by its reference. Throws `InvalidRequest` for what is no reference, `TooLarge` for an input over its limit. */
export function toCall(task: string, input: Json, options: ChildOptions = {}): RunCall {
  const reference = parseTaskReference(task);
  if (!reference) {
    throw new ProtocolRefusal(
      ProtocolCode.InvalidRequest,
      `"${task}" is not <bundle>/<task> or <bundle>/<task>:<revision>`,
    );
  }
  const bytes = jsonBytes(input);
  if (bytes > limits.payloadBytes) throw new ProtocolRefusal(ProtocolCode.TooLarge, inputTooLarge(task, bytes)); // S43, S44
  return { task, reference, input, inputHash: sha256Hex(canonicalJson(input)), options };
}

/** The call that a run makes: of its own bundle in its own revision, of another bundle in that one's newest (S251). */
export function toChildCall({ task, input, options }: ChildStart, parent: ObservedRun): RunCall {
  const own = parseTaskReference(parent.spec.task);
  const revision = parent.status?.revision;
  invariant(own && revision !== undefined, `run ${parent.metadata.name} has an attempt and no revision`);
  const { bundle = own.bundle, name } = task;
  const suffix = bundle === own.bundle ? `:${revision}` : "";
  return toCall(`${bundle}/${name}${suffix}`, input, options);
}

/** A child, with all that says whose it is (S118, S121, S159). */
export function childBody(name: string, call: RunCall, origin: Origin, parent: ObservedRun): RunBody {
  const root = rootOf(parent);
  const { attempt, sequence, key } = origin;
  const { metadata, spec } = runBody(name, call);
  return {
    metadata: {
      name,
      labels: {
        ...metadata.labels,
        [label.parent]: parent.metadata.name,
        [label.root]: root.name,
        [label.rootUid]: root.uid,
        ...(call.isSubmission && { [label.handedOver]: String(attempt) }),
      },
      annotations: {
        ...inheritedTrace(parent),
        [annotation.parentAttempt]: String(attempt),
        [annotation.sequence]: String(sequence),
        [annotation.depth]: String(depthOf(parent) + 1),
        ...(key && { [annotation.key]: key.text, [annotation.ordinal]: String(key.ordinal) }),
      },
      ownerReferences: [
        {
          apiVersion,
          kind: "TaskRun",
          name: parent.metadata.name,
          uid: parent.metadata.uid,
          controller: true,
          blockOwnerDeletion: false,
        },
      ],
    },
    spec,
  };
}

/** A run that belongs to nobody (S123), and that the tree which triggered it may await and cancel all the same (S110). */
export function rootBody(name: string, call: RunCall, by: ObservedRun): RunBody {
  const { metadata, spec } = runBody(name, call);
  const labels = { ...metadata.labels, [label.triggeredBy]: rootOf(by).uid };
  const annotations = inheritedTrace(by);
  return { metadata: { ...metadata, labels, ...(annotations && { annotations }) }, spec };
}

/** What a run starts is part of the same trace, also where it is no part of its tree (S151). */
function inheritedTrace({ metadata }: ObservedRun): Readonly<Record<string, string>> | undefined {
  return traceAnnotation(traceparentOf(metadata.annotations));
}

function runBody(name: string, { task, reference, input, options, registered }: RunCall): RunBody {
  const tags = tagsOf(registered?.tags ?? [], options);
  return {
    metadata: { name, labels: { ...registered?.labels, ...tagLabels(tags), [label.bundle]: reference.bundle } },
    spec: { task, input, ...options },
  };
}
