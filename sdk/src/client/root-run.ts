// A root run as its creator makes it, and what its creator is refused.
import { apiVersion } from "@stint/crds/group";
import { label, tagLabels, tagsOf, traceAnnotation } from "@stint/crds/labels";

import { ClientError } from "../errors.ts";
import type { RunRequest } from "../root-runs.ts";
import { callersTrace } from "./endpoint.ts";
import { taskOf } from "./outcome.ts";

/** The object, with the labels that its creator has to set (S18, S20, S159). */
export function rootRun({ target, bundle, input, options, name, namespace }: RunRequest): object {
  const entry = target.definition?.entry;
  const tags = tagsOf(entry?.tags ?? [], options);
  const labels = { ...entry?.labels, ...tagLabels(tags), [label.bundle]: bundle };
  const annotations = traceAnnotation(callersTrace());
  return {
    apiVersion,
    kind: "TaskRun",
    metadata: { name, namespace, labels, ...(annotations && { annotations }) },
    spec: { task: `${bundle}/${target.name}`, input, ...options },
  };
}

/** The name belongs to a run of another task (S111). */
export function nameTaken(name: string, task: string, cause: unknown): ClientError {
  const options = { statusCode: 409, code: "AlreadyExists", cause };
  return new ClientError(`run ${name} exists and belongs to ${taskOf(task)}`, options);
}

export function notFound(name: string): ClientError {
  return new ClientError(`task run not found: ${name}`, { statusCode: 404, code: "NotFound" });
}

/** A run that has ended is not canceled (S167). */
export function notActive(name: string): ClientError {
  return new ClientError(`task run ${name} is not active`, { statusCode: 409 });
}
