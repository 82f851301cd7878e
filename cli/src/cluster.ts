// The cluster as commands see it: objects in, objects out, on the SDK's transport, which repeats what may pass (S284).
import type { KubernetesObject } from "@stint/crds/kubernetes";

import type { Endpoint } from "@stint/sdk/client/endpoint";
import { Transport, type Request, type Sleep } from "@stint/sdk/client/transport";
import { isRefusal } from "./problem.ts";
import type { Resource } from "./resources.ts";

/** An object to be created: the API server adds the rest. */
export interface Body {
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export interface Selection {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Instead of the command's own namespace. */
  readonly allNamespaces?: boolean | undefined;
}

export interface LogOptions {
  readonly container: string;
  readonly follow: boolean;
  /** Only what is not older than this. */
  readonly sinceSeconds?: number | undefined;
}

/** A list as the API server gives it. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

const pageSize = "500";

export class Cluster {
  readonly namespace: string;
  /** Where its API server is. */
  readonly server: string;
  readonly #transport: Transport;

  constructor(endpoint: Endpoint, sleep?: Sleep) {
    this.namespace = endpoint.namespace;
    this.server = endpoint.server.href.replace(/\/$/, "");
    this.#transport = new Transport(endpoint, sleep);
  }

  /** Waits as long as the transport would between two tries. */
  get sleep(): Sleep {
    return this.#transport.sleep;
  }

  get<T extends KubernetesObject>(resource: Resource<T>, name: string): Promise<T> {
    const what = `get ${resource.noun} ${name}`;
    return this.#send<T>({ method: "GET", path: this.#path(resource, name), what });
  }

  /** The same, or `undefined` if there is no such object. */
  async find<T extends KubernetesObject>(resource: Resource<T>, name: string): Promise<T | undefined> {
    return this.get(resource, name).catch((error: unknown) => {
      if (isRefusal(error, 404)) return undefined;
      throw error;
    });
  }

  /** All that are selected, asked for page by page. */
  async list<T extends KubernetesObject>(resource: Resource<T>, selection: Selection = {}): Promise<ObjectList<T>> {
    const items: T[] = [];
    const base = selection.allNamespaces === true ? `${resource.api}/${resource.plural}` : this.#path(resource);
    for (let next = ""; ;) {
      const query = toQuery({ ...selectors(selection), limit: pageSize, continue: next });
      const what = `list ${resource.noun}s`;
      const page = await this.#send<Page<T>>({ method: "GET", path: `${base}?${query}`, what });
      items.push(...page.items);
      next = page.metadata.continue ?? "";
      if (next === "") return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }

  create<T extends KubernetesObject>(resource: Resource<T>, body: Body): Promise<T> {
    const what = `create ${resource.noun} ${body.metadata.name}`;
    return this.#send<T>({ method: "POST", path: this.#path(resource), body, what });
  }

  /** A merge patch: `null` takes a field away. */
  patch<T extends KubernetesObject>(resource: Resource<T>, name: string, body: object): Promise<T> {
    const what = `change ${resource.noun} ${name}`;
    return this.#send<T>({ method: "PATCH", path: this.#path(resource, name), body, what });
  }

  /** The lines of a watch on one object, until the API server ends it. */
  watch<T extends KubernetesObject>(
    resource: Resource<T>,
    name: string,
    options: { readonly resourceVersion: string; readonly timeoutSeconds: number },
  ): Promise<AsyncIterable<string>> {
    const query = toQuery({
      ...selectors({ fieldSelector: `metadata.name=${name}` }),
      watch: "true",
      resourceVersion: options.resourceVersion,
      timeoutSeconds: String(options.timeoutSeconds),
    });
    const path = `${this.#path(resource)}?${query}`;
    return this.#transport.open({ method: "GET", path, what: `watch ${resource.noun} ${name}` });
  }

  /** What a container of a pod has written, line by line; with `follow` until it ends. */
  log(pod: string, { container, follow, sinceSeconds }: LogOptions): Promise<AsyncIterable<string>> {
    const since = sinceSeconds === undefined ? "" : String(sinceSeconds);
    const query = toQuery({ container, follow: String(follow), sinceSeconds: since });
    const path = `/api/v1/namespaces/${encodeURIComponent(this.namespace)}/pods/${encodeURIComponent(pod)}/log?${query}`;
    return this.#transport.open({ method: "GET", path, what: `read the log of pod ${pod}` });
  }

  /** For what is no object of ours, version and discovery say. `what` begins the message of an error. */
  read(path: string, what: string, signal?: AbortSignal): Promise<unknown> {
    return this.#transport.send({ method: "GET", path, what, ...(signal && { signal }) });
  }

  /** For reviews, which are asked by a POST and kept by nobody. */
  ask(path: string, body: object, what: string): Promise<unknown> {
    return this.#transport.send({ method: "POST", path, body, what });
  }

  async #send<T>(request: Request): Promise<T> {
    return (await this.#transport.send(request)) as T; // the API server's schema has checked it
  }

  #path(resource: Pick<Resource<KubernetesObject>, "api" | "plural" | "scope">, name?: string): string {
    const scope = resource.scope === "Cluster" ? "" : `/namespaces/${encodeURIComponent(this.namespace)}`;
    const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
    return `${resource.api}${scope}/${resource.plural}${object}`;
  }
}

function selectors({ labelSelector = "", fieldSelector = "" }: Selection): Record<string, string> {
  return { labelSelector, fieldSelector };
}

/** Empty values are left out. */
function toQuery(values: Readonly<Record<string, string>>): string {
  return new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "")).toString();
}
