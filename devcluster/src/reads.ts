// get, list and watch, as objects or as a table.
import type { KubeObject } from "./api.ts";
import { type Answer, type Call, json, type Output } from "./answer.ts";
import type { ClusterState } from "./cluster-state.ts";
import { Line } from "./line.ts";
import { parseLimit, parseVersion } from "./pages.ts";
import { expired, Refusal } from "./refusal.ts";
import { isTrue, type Target } from "./request.ts";
import { apiVersionOf, resourceId } from "./resource.ts";
import { parseSelectors, type Selects } from "./selectors.ts";
import { toTable } from "./table.ts";
import { shown, storedAs } from "./views.ts";
import { watch, type WatchEvent } from "./watch.ts";
import type { EventFault } from "./faults.ts";

/** What may go wrong with an event on its way. */
export type EventFaults = (type: string) => EventFault | undefined;

export function get({ target, request }: Call, { objects, clock }: ClusterState): Answer {
  const { resource, namespace, name } = target;
  const object = shown(
    resource,
    objects.get(storedAs(resource), { name, ...(namespace !== undefined && { namespace }) }),
  );
  if (!wantsTable(request.headers.accept))
    return json(wantsMetadata(request.headers.accept) ? partial(object) : object);
  const { resourceVersion } = object.metadata;
  const options = {
    now: clock.now(),
    include: target.query.get("includeObject"),
    metadata: { resourceVersion },
    isFirst: true,
  };
  return json(toTable(resource, [object], options));
}

export function list({ target, request }: Call, { store, pages, clock }: ClusterState): Answer {
  const { resource, namespace, query } = target;
  const limit = parseLimit(query.get("limit"));
  const version = parseVersion(query.get("resourceVersion"), store.version);
  if (query.get("resourceVersionMatch") === "Exact" && version > 0 && version !== store.version) {
    throw expired(`The provided resource version is too old: ${version} (${store.version})`);
  }
  const token = query.get("continue");
  const items = (): readonly KubeObject[] =>
    store
      .list(resourceId(storedAs(resource)), namespace)
      .map((object) => shown(resource, object))
      .filter(selectionOf(target));
  const page = token ? pages.next(token, limit) : pages.first(items(), store.version, limit);
  const { items: objects, ...metadata } = page;
  const { accept } = request.headers;
  if (wantsTable(accept)) {
    const options = { now: clock.now(), include: query.get("includeObject"), metadata, isFirst: true };
    return json(toTable(resource, objects, options));
  }
  if (wantsMetadata(accept)) {
    return json({
      kind: "PartialObjectMetadataList",
      apiVersion: "meta.k8s.io/v1",
      metadata,
      items: objects.length === 0 ? null : objects.map(partial), // what Go makes of a list that nobody has appended to
    });
  }
  return json({ kind: resource.listKind, apiVersion: apiVersionOf(resource), metadata, items: objects });
}

export function startWatch(call: Call, state: ClusterState, faults: EventFaults): Answer {
  const { target } = call;
  const version = parseWatchVersion(target, state);
  const selects = selectionOf(target);
  return {
    kind: "stream",
    contentType: "application/json",
    write: async (output) => {
      const toLine = lines(call, state);
      const closing = new AbortController();
      const signal = AbortSignal.any([output.signal, closing.signal]);
      const line = new Line(state.clock, signal);
      let isSilent = false;
      const send = (event: WatchEvent): void => {
        if (isSilent) return;
        const fault = faults(event.type);
        isSilent = fault === "silent";
        line.push(
          () => {
            if (fault === "dropped") closing.abort();
            sendLine(toLine(event), output, fault);
          },
          typeof fault === "object" ? fault.delayMs : 0,
        );
      };
      await watch(state.store.log, { ...watchOptions(target, state, version), selects, signal }, send);
      await line.empty();
    },
  };
}

/** Backpressure is left to the socket's buffer: a watcher that does not read is the watcher's own loss. */
function sendLine(line: string, output: Output, fault: EventFault | undefined): void {
  if (fault === "dropped") output.break();
  else if (fault !== "silent") void output.write(fault === "duplicated" ? line + line : line);
}

function parseWatchVersion({ query }: Target, { store }: ClusterState): number {
  try {
    return parseVersion(query.get("resourceVersion"), store.version);
  } catch (error) {
    if (error instanceof Refusal && error.code === 504) return store.version; // a watch waits for what is yet to come
    throw error;
  }
}

function watchOptions({ resource, namespace, query }: Target, state: ClusterState, version: number) {
  const { store, clock } = state;
  const id = resourceId(storedAs(resource));
  const selects = selectionOf({ resource, namespace, query });
  const wantsInitial = version === 0 || isTrue(query.get("sendInitialEvents"));
  const bookmark = isTrue(query.get("allowWatchBookmarks"));
  return {
    resource: id,
    since: wantsInitial ? undefined : version,
    initial: wantsInitial ? store.list(id, namespace).filter(selects) : [],
    timeoutMs: 1000 * (parseLimit(query.get("timeoutSeconds")) || 1800),
    bookmark: bookmark ? { apiVersion: apiVersionOf(resource), kind: resource.kind } : undefined,
    announcesInitialEnd: isTrue(query.get("sendInitialEvents")) && bookmark,
    clock,
    version: () => store.version,
  };
}

/** A line for each event, in the form that was asked for. */
function lines({ target, request }: Call, { clock }: ClusterState): (event: WatchEvent) => string {
  const { resource, query } = target;
  const { accept } = request.headers;
  let isFirst = true;
  return ({ type, object }) => {
    const told = type === "ERROR" || type === "BOOKMARK" ? object : shown(resource, object as KubeObject); // the log holds nothing else
    if (type === "ERROR" || !wantsTable(accept)) {
      const inForm = wantsMetadata(accept) && type !== "ERROR" ? partial(told as KubeObject) : told; // as above
      return `${JSON.stringify({ type, object: inForm })}\n`;
    }
    const rows = type === "BOOKMARK" ? [] : [told as KubeObject]; // as above
    const { metadata } = told as KubeObject; // bookmarks have metadata too
    const options = {
      now: clock.now(),
      include: query.get("includeObject"),
      metadata: { resourceVersion: metadata.resourceVersion },
      isFirst,
    };
    isFirst = false;
    return `${JSON.stringify({ type, object: toTable(resource, rows, options) })}\n`;
  };
}

function selectionOf({ resource, namespace, query }: Pick<Target, "resource" | "namespace" | "query">): Selects {
  const selects = parseSelectors(resource, query.get("labelSelector") ?? "", query.get("fieldSelector") ?? "");
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) && selects(shown(resource, object));
}

function wantsTable(accept = ""): boolean {
  return /as=Table/.test(accept) && /g=meta\.k8s\.io/.test(accept);
}

function wantsMetadata(accept = ""): boolean {
  return /as=PartialObjectMetadata/.test(accept);
}

function partial({ metadata }: KubeObject): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}
