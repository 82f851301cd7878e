// The endpoints under /attempt/v1/, as a table: a body in, an answer out (S293). All of them are for pods alone; who asks is
// known before a body is read.
import type { EventsResponse } from "@stint/crds/attempt";

import { assignmentFor } from "./assignment.ts";
import { cancelChild, rerunChild } from "./change-child.ts";
import { startChildren } from "./children.ts";
import type { GatewayDeps } from "./deps.ts";
import { awaitEvents, type PollSignals } from "./events.ts";
import { acceptProgress } from "./progress.ts";
import { registerTasks } from "./registration.ts";
import { acceptReport } from "./report.ts";
import { triggerRun } from "./roots.ts";
import {
  CachePutRequestSchema,
  ChildrenRequestSchema,
  EventsRequestSchema,
  parseBody,
  ProgressRequestSchema,
  ReportSchema,
  RerunRequestSchema,
  RunsRequestSchema,
  TasksRequestSchema,
  ValuesRequestSchema,
} from "./schemas.ts";
import type { PodIdentity } from "./token.ts";
import { cachedKeys, deleteCached, getCached, putCached } from "./tree-cache.ts";
import { acceptValues } from "./values.ts";

interface Call {
  readonly pod: PodIdentity;
  readonly body: unknown;
  /** Segments of the path that stand for something. */
  readonly params: { readonly name?: string };
  readonly signals: PollSignals;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/attempt/v1/`. */
  readonly path: string;
  readonly answer: (call: Call, deps: GatewayDeps) => Promise<object>;
}

/** Said once what was sent has been written. */
const accepted = { accepted: true };

export const routes: readonly Route[] = [
  { method: "GET", path: "assignment", answer: ({ pod }, deps) => assignmentFor(pod, deps) },
  {
    method: "POST",
    path: "report",
    answer: async ({ pod, body }, deps) => acceptReport(pod, parseBody(ReportSchema, body), deps),
  },
  {
    method: "POST",
    path: "progress",
    async answer({ pod, body }, deps) {
      await acceptProgress(pod, parseBody(ProgressRequestSchema, body), deps);
      return accepted;
    },
  },
  {
    method: "POST",
    path: "values",
    async answer({ pod, body }, deps) {
      await acceptValues(pod, parseBody(ValuesRequestSchema, body), deps);
      return accepted;
    },
  },
  {
    method: "POST",
    path: "children",
    answer: async ({ pod, body }, deps) => startChildren(pod, parseBody(ChildrenRequestSchema, body).starts, deps),
  },
  {
    method: "POST",
    path: "children/:name/cancel",
    async answer({ pod, params: { name = "" } }, deps) {
      await cancelChild(pod, name, deps);
      return accepted;
    },
  },
  {
    method: "POST",
    path: "children/:name/rerun",
    async answer({ pod, body, params: { name = "" } }, deps) {
      await rerunChild(pod, { ...parseBody(RerunRequestSchema, body), name }, deps);
      return accepted;
    },
  },
  {
    method: "POST",
    path: "events",
    answer: async ({ pod, body, signals }, deps): Promise<EventsResponse> =>
      awaitEvents(pod, parseBody(EventsRequestSchema, body), deps, signals),
  },
  {
    method: "POST",
    path: "runs",
    answer: async ({ pod, body }, deps) => triggerRun(pod, parseBody(RunsRequestSchema, body), deps),
  },
  { method: "GET", path: "cache", answer: ({ pod }, deps) => cachedKeys(pod, deps) },
  { method: "GET", path: "cache/:name", answer: ({ pod, params: { name = "" } }, deps) => getCached(pod, name, deps) },
  {
    method: "PUT",
    path: "cache/:name",
    async answer({ pod, body, params: { name = "" } }, deps) {
      await putCached(pod, name, parseBody(CachePutRequestSchema, body), deps);
      return accepted;
    },
  },
  {
    method: "DELETE",
    path: "cache/:name",
    async answer({ pod, params: { name = "" } }, deps) {
      await deleteCached(pod, name, deps);
      return accepted;
    },
  },
  {
    method: "POST",
    path: "tasks",
    async answer({ pod, body }, deps) {
      await registerTasks(pod, parseBody(TasksRequestSchema, body).tasks, deps);
      return accepted;
    },
  },
];
