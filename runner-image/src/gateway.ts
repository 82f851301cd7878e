// The gateway's endpoints as functions (S293), each with its own patience. What lies below, bytes and repeats, is not
// for those who call; what the answers mean is not for those below.
import type {
  Assignment,
  CacheGetResponse,
  CacheKeysResponse,
  CachePutRequest,
  ChildrenRequest,
  ChildrenResponse,
  EventsRequest,
  EventsResponse,
  ProgressRequest,
  Report,
  ReportResponse,
  RerunRequest,
  RunsRequest,
  RunsResponse,
  StopNotice,
  TasksRequest,
  ValuesRequest,
} from "@stint/crds/attempt";
import { limits } from "@stint/crds/limits";

import { Channel, fullPatience, type Patience } from "./channel.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import type { Log } from "./log.ts";

/** What a runner may ask. Every call rejects as {@link Channel.call} does. */
export interface Gateway {
  assignment(signal: AbortSignal): Promise<Assignment>;
  /** Resolves once the outcome is written to the run (S52), with what the run has come to. */
  report(report: Report, signal: AbortSignal): Promise<ReportResponse | undefined>;
  registerTasks(request: TasksRequest, signal: AbortSignal): Promise<void>;
  startChildren(request: ChildrenRequest, signal: AbortSignal): Promise<ChildrenResponse>;
  cancelChild(name: string, signal: AbortSignal): Promise<void>;
  rerunChild(name: string, request: RerunRequest, signal: AbortSignal): Promise<void>;
  triggerRun(request: RunsRequest, signal: AbortSignal): Promise<RunsResponse>;
  /** Waits for news, and for a gateway, without limit. */
  events(request: EventsRequest, signal: AbortSignal): Promise<EventsResponse>;
  /** Asks once, for at most two seconds, why this pod is being ended (S169). */
  stopNotice(): Promise<StopNotice | undefined>;
  progress(request: ProgressRequest, patience: Patience, signal: AbortSignal): Promise<void>;
  values(request: ValuesRequest, patience: Patience, signal: AbortSignal): Promise<void>;
  /** The cache of the run's tree (S149). */
  readonly cache: {
    get(key: string, signal: AbortSignal): Promise<CacheGetResponse>;
    put(key: string, request: CachePutRequest, signal: AbortSignal): Promise<void>;
    delete(key: string, signal: AbortSignal): Promise<void>;
    keys(signal: AbortSignal): Promise<CacheKeysResponse>;
  };
}

export interface GatewayOptions {
  /** A connection of its own at each call; nothing is sent before its first request. */
  readonly connect: () => Pick<Connection, "send">;
  readonly clock: Clock;
  readonly log: Log;
}

const eventsPatience: Patience = { timeoutMs: limits.eventsWaitMs + limits.channelTimeoutMs, waitsMs: Infinity };
const stopNoticePatience: Patience = { timeoutMs: 2_000, waitsMs: 0 };

/** Opens nothing yet: each connection is made by its first call. */
export function connectGateway({ connect, clock, log }: GatewayOptions): Gateway {
  const open = () => new Channel(connect(), clock, log);
  const calls = open();
  const polls = open(); // a poll holds its connection for half a minute
  const lastQuestion = open(); // at SIGTERM both others may be busy with a gateway that does not answer

  // The answers are not checked again: TLS says that they are the gateway's, whose schemas are checked against these
  // types. A runner that brought zod would pay for it at every start.
  return {
    assignment: async (signal) => (await calls.call(get("assignment"), fullPatience, signal)) as Assignment, // see above
    report: async (report, signal) =>
      (await calls.call(post("report", report), fullPatience, signal)) as ReportResponse | undefined, // see above
    async registerTasks(request, signal) {
      await calls.call(post("tasks", request), fullPatience, signal);
    },
    startChildren: async (request, signal) =>
      (await calls.call(post("children", request), fullPatience, signal)) as ChildrenResponse, // see above
    async cancelChild(name, signal) {
      await calls.call(post(`children/${encodeURIComponent(name)}/cancel`, {}), fullPatience, signal);
    },
    async rerunChild(name, request, signal) {
      await calls.call(post(`children/${encodeURIComponent(name)}/rerun`, request), fullPatience, signal);
    },
    triggerRun: async (request, signal) =>
      (await calls.call(post("runs", request), fullPatience, signal)) as RunsResponse, // see above
    events: async (request, signal) =>
      (await polls.call(post("events", request), eventsPatience, signal)) as EventsResponse, // see above
    async stopNotice() {
      const request: EventsRequest = { awaiting: [], waitMs: 0 };
      const { signal } = new AbortController();
      const answer = await lastQuestion.call(post("events", request), stopNoticePatience, signal);
      return (answer as EventsResponse).stop; // see above
    },
    async progress(request, patience, signal) {
      await calls.call(post("progress", request), patience, signal);
    },
    async values(request, patience, signal) {
      await calls.call(post("values", request), patience, signal);
    },
    cache: {
      get: async (key, signal) => (await calls.call(get(entry(key)), fullPatience, signal)) as CacheGetResponse, // see above
      async put(key, request, signal) {
        await calls.call({ method: "PUT", path: entry(key), body: request }, fullPatience, signal);
      },
      async delete(key, signal) {
        await calls.call({ method: "DELETE", path: entry(key) }, fullPatience, signal);
      },
      keys: async (signal) => (await calls.call(get("cache"), fullPatience, signal)) as CacheKeysResponse, // see above
    },
  };
}

const entry = (key: string) => `cache/${encodeURIComponent(key)}`;
const get = (path: string) => ({ method: "GET", path }) as const;
const post = (path: string, body: object) => ({ method: "POST", path, body }) as const;
