// What was typed after `stint run`, as a TaskRun.
import { randomUUID } from "node:crypto";

import { apiVersion } from "@stint/crds/group";
import { shapeOf } from "@stint/crds/binding";
import { hashName } from "@stint/crds/hash";
import type { Json } from "@stint/crds/json";
import { label, parseTaskReference, tagLabels, traceAnnotation, type TaskReference } from "@stint/crds/labels";
import { tagProblem } from "@stint/crds/names";

import { inputTooLarge } from "@stint/sdk/payload-limits";
import type { Body } from "./cluster.ts";
import { parseJsonOption } from "./json-option.ts";
import { usage } from "./problem.ts";

export interface RunOptions {
  readonly input?: string;
  readonly name?: string;
  readonly startAt?: string;
  readonly instanceType?: string;
  readonly timeout?: number;
  readonly startTimeout?: number;
  readonly deadline?: number;
  readonly ttl?: number;
  readonly retry?: string;
  readonly tag?: readonly string[];
}

/**
 * The object to create, in the trace that the caller is part of.
 *
 * Throws a usage problem that names the option for what cannot be meant. Source: S3, S18, S29, S43, S151.
 */
export function toRun(task: string, options: RunOptions, traceparent?: string): Body {
  const { bundle } = parseTask(task);
  const annotations = traceAnnotation(traceparent);
  const tags = options.tag ?? [];
  const spec = {
    task,
    input: toInput(task, options.input),
    instanceType: options.instanceType,
    timeoutSeconds: options.timeout,
    startTimeoutSeconds: options.startTimeout,
    deadlineSeconds: options.deadline,
    ttlSecondsAfterFinished: options.ttl,
    retry: options.retry === undefined ? undefined : parseJsonOption("--retry", options.retry),
    startAt: options.startAt === undefined ? undefined : toInstant(options.startAt),
    tags: tags.length > 0 ? tags.map(toTag) : undefined,
  };
  return {
    apiVersion,
    kind: "TaskRun",
    metadata: {
      name: options.name ?? `trn-${hashName(randomUUID(), 20)}`,
      labels: { [label.bundle]: bundle, ...tagLabels(tags) },
      ...(annotations && { annotations }),
    },
    spec: Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined)),
  };
}

function parseTask(task: string): TaskReference {
  const parsed = parseTaskReference(task);
  if (parsed) return parsed;
  throw usage(
    `"${task}" names no task`,
    "Write <bundle>/<task> or <bundle>/<task>:<revision>; `stint tasks` lists them.",
  );
}

function toInput(task: string, text: string | undefined): Json {
  if (text === undefined) return [];
  const input = parseJsonOption("--input", text);
  const shape = shapeOf(input);
  if (shape.kind === "other") {
    const remedy = "Give the arguments as a list, --input '[1]', or by name, --input '{\"n\": 1}'.";
    throw usage(`input must be a JSON array or a JSON object, got ${shape.type}`, remedy);
  }
  const problem = inputTooLarge(task, input);
  if (problem !== undefined) throw usage(problem, "Store it elsewhere and pass a reference.");
  return input;
}

function toInstant(text: string): string {
  const instant = new Date(text);
  if (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(instant.getTime())) return instant.toISOString();
  throw usage(`--start-at "${text}" is no instant`, "Write it in RFC 3339, as in 2027-01-31T08:00:00Z.");
}

function toTag(tag: string): string {
  const problem = tagProblem(tag);
  if (problem === undefined) return tag;
  throw usage(problem, "Choose another --tag.");
}
