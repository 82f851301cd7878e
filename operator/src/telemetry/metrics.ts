// Every metric of the operator, in one table; the reference page is generated from it. No label names a run or a pod:
// their number has no bound.
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

const requestSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const queueSeconds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300];

export const metricTable = {
  apiRequests: counter("stint_api_requests_total", "Answers of the API server; status `none` if there was none.", [
    "verb",
    "resource",
    "status",
  ]),
  apiRequestSeconds: histogram("stint_api_request_seconds", "How long the API server took.", ["verb"], requestSeconds),
  apiThrottleSeconds: histogram(
    "stint_api_throttle_seconds",
    "How long requests waited for our own limit.",
    [],
    queueSeconds,
  ),

  informerLists: counter("stint_informer_lists_total", "Complete lists.", ["resource"]),
  informerWatches: counter("stint_informer_watches_total", "Watches begun.", ["resource"]),
  informerEvents: counter("stint_informer_events_total", "Events of watches, bookmarks included.", [
    "resource",
    "type",
  ]),
  informerExpiries: counter("stint_informer_expiries_total", "Versions found too old (410).", ["resource"]),
  informerErrors: counter("stint_informer_errors_total", "Lists and watches that failed.", ["resource", "reason"]),
  informerHandlerErrors: counter("stint_informer_handler_errors_total", "Event handlers that threw: bugs of ours.", [
    "resource",
  ]),
  informerAudits: counter("stint_informer_audits_total", "Caches compared with a new list.", ["resource"]),
  informerCacheMisses: counter("stint_informer_cache_misses_total", "Differences that an audit found and repaired.", [
    "resource",
  ]),
  informerObjects: gauge("stint_informer_objects", "Objects held.", ["resource"]),
  informerLastEvent: gauge("stint_informer_last_event_timestamp_seconds", "When the last event came.", ["resource"]),
  informerResourceVersion: gauge("stint_informer_resource_version", "How far the cache is; rounded.", ["resource"]),

  queueDepth: gauge("stint_queue_depth", "Keys that are ready and not yet taken.", ["queue"]),
  queueDelayed: gauge("stint_queue_delayed", "Keys that wait for their instant.", ["queue"]),
  queueAdds: counter("stint_queue_adds_total", "Keys made ready; an add of a waiting key does not count.", ["queue"]),
  queueRetries: counter("stint_queue_retries_total", "Adds with backoff.", ["queue"]),
  queueSeconds: histogram(
    "stint_queue_seconds",
    "How long keys were ready before a worker took them.",
    ["queue"],
    queueSeconds,
  ),

  reconciles: counter("stint_reconciles_total", "Looks by result: success, requeue, refused, error, bug.", [
    "controller",
    "result",
  ]),
  reconcileErrors: counter("stint_reconcile_errors_total", "Looks that failed, by error code.", ["controller", "code"]),
  reconcileSeconds: histogram("stint_reconcile_seconds", "How long a look took.", ["controller"], requestSeconds),

  gatewayRequests: counter(
    "stint_gateway_requests_total",
    "Answers to runners, by endpoint and HTTP status; `left` if nobody waited for it.",
    ["route", "status"],
  ),
  gatewayReportSeconds: histogram(
    "stint_gateway_report_seconds",
    "From a report's arrival to its acknowledgement, which follows the write.",
    [],
    requestSeconds,
  ),

  leader: gauge("stint_leader", "1 on the replica that holds the lease.", []),
} as const;

export type Metrics = { readonly [Name in keyof typeof metricTable]: MetricOf<(typeof metricTable)[Name]> };

/** All metrics of the table, in a registry. One registry holds one operator. */
export function createMetrics(registry: Registry): Metrics {
  const made = Object.entries(metricTable).map(([name, row]) => [name, metricIn(registry, row)]);
  return Object.fromEntries(made) as Metrics; // fromEntries forgets which name has which row
}

/** What the adapter in effects/ reports, as metrics; it may not import them. */
export function apiObserver(metrics: Metrics): {
  throttled(waitMs: number): void;
  answered(request: { verb: string; resource: string; status: number | undefined; durationMs: number }): void;
} {
  return {
    throttled: (waitMs) => metrics.apiThrottleSeconds.observe(waitMs / 1000),
    answered({ verb, resource, status, durationMs }) {
      metrics.apiRequests.inc({ verb, resource, status: status ?? "none" });
      metrics.apiRequestSeconds.observe({ verb }, durationMs / 1000);
    },
  };
}

interface Row<Kind extends string, Label extends string> {
  readonly kind: Kind;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
  readonly buckets?: readonly number[];
}

type MetricOf<R> =
  R extends Row<"counter", infer L> ? Counter<L> : R extends Row<"gauge", infer L> ? Gauge<L> : HistogramOf<R>;
type HistogramOf<R> = R extends Row<"histogram", infer L> ? Histogram<L> : never;

function counter<const L extends string>(name: string, help: string, labels: readonly L[]): Row<"counter", L> {
  return { kind: "counter", name, help, labels };
}

function gauge<const L extends string>(name: string, help: string, labels: readonly L[]): Row<"gauge", L> {
  return { kind: "gauge", name, help, labels };
}

function histogram<const L extends string>(
  name: string,
  help: string,
  labels: readonly L[],
  buckets: readonly number[],
): Row<"histogram", L> {
  return { kind: "histogram", name, help, labels, buckets };
}

function metricIn(registry: Registry, row: Row<"counter" | "gauge" | "histogram", string>): object {
  const { kind, name, help, labels, buckets = [] } = row;
  const common = { name, help, labelNames: labels, registers: [registry] };
  if (kind === "counter") return new Counter(common);
  return kind === "gauge" ? new Gauge(common) : new Histogram({ ...common, buckets: [...buckets] });
}
