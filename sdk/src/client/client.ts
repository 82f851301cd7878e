// Root runs by way of the Kubernetes API: created, found again, watched, canceled, done again. Loaded by the first `trigger()` outside
// a run, and by nothing else.
import { randomUUID } from "node:crypto";

import { apiVersion } from "@stint/crds/group";
import { hashName } from "@stint/crds/hash";
import { rerunPatch, rerunProblem, type RerunOptions } from "@stint/crds/rerun";
import type { TaskRun } from "@stint/crds/taskrun";

import { ClientError } from "../errors.ts";
import type { RunPort } from "../handle.ts";
import type { RunRequest } from "../root-runs.ts";
import { endpointKey, findEndpoint, type Endpoint } from "./endpoint.ts";
import { outcomeOf, taskOf } from "./outcome.ts";
import { nameTaken, notActive, notFound, rootRun } from "./root-run.ts";
import { Transport, type Request, type Sleep } from "./transport.ts";
import { watchToEnd, type RunPlace } from "./watch.ts";

const connected = new Map<string, Promise<Client>>();

/** The client of the cluster that the environment names: one for each, since its connections are worth keeping. */
export function connectedClient(): Promise<Client> {
  const key = endpointKey();
  const known = connected.get(key);
  if (known) return known;
  const client = findEndpoint().then((endpoint) => new Client(endpoint));
  connected.set(key, client);
  client.catch(() => connected.delete(key)); // what was missing may be there the next time
  return client;
}

export class Client {
  readonly #transport: Transport;
  readonly #namespace: string;

  constructor(endpoint: Endpoint, sleep?: Sleep) {
    this.#transport = new Transport(endpoint, sleep);
    this.#namespace = endpoint.namespace;
  }

  /**
   * Creates the run, or finds it: the name is chosen before the first try, so that a repeated create meets its own run,
   * and a name that the user gave may be taken by the run of an earlier trigger (S111).
   */
  async create(request: RunRequest): Promise<RunPort> {
    const { namespace = this.#namespace, name = `trn-${hashName(randomUUID(), 20)}`, bundle, target } = request;
    const path = `/apis/${apiVersion}/namespaces/${encodeURIComponent(namespace)}/taskruns`;
    const run: RunPlace = { path, name };
    try {
      const body = rootRun({ ...request, name, namespace });
      await this.#transport.send({ method: "POST", path: run.path, body, what: `create run ${name}` });
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== "AlreadyExists") throw error;
      await this.#expect(run, `${bundle}/${target.name}`, error);
    }
    return this.#port(run);
  }

  /** The existing run must be of the same task. */
  async #expect(run: RunPlace, task: string, cause: ClientError): Promise<void> {
    const { spec } = await this.#send({ method: "GET", path: pathOf(run), what: `get run ${run.name}` });
    if (taskOf(spec.task) !== task) throw nameTaken(run.name, spec.task, cause);
  }

  #port(run: RunPlace): RunPort {
    return {
      id: run.name,
      outcome: (signal) => watchToEnd(this.#transport, run, signal),
      cancel: () => this.#cancel(run),
      rerun: (options) => this.#rerun(run, options),
    };
  }

  async #cancel(run: RunPlace): Promise<void> {
    const body = { spec: { cancel: true } };
    const canceled = await this.#ofRun(run, { method: "PATCH", body, what: `cancel run ${run.name}` });
    if (outcomeOf(canceled)) throw notActive(run.name);
  }

  /** Between the two the run can only have been done again by somebody else, and then the patch changes nothing. */
  async #rerun(run: RunPlace, options: RerunOptions): Promise<void> {
    const found = await this.#ofRun(run, { method: "GET", what: `get run ${run.name}` });
    const problem = rerunProblem(found);
    if (problem !== undefined) throw new ClientError(problem, { statusCode: 409 });
    const body = { spec: rerunPatch(found, options) };
    await this.#ofRun(run, { method: "PATCH", body, what: `rerun run ${run.name}` });
  }

  /** The run as the API server answers it. Throws {@link notFound} if there is none. */
  async #ofRun(run: RunPlace, request: Omit<Request, "path">): Promise<TaskRun> {
    return this.#send({ ...request, path: pathOf(run) }).catch((error: unknown) => {
      throw error instanceof ClientError && error.statusCode === 404 ? notFound(run.name) : error;
    });
  }

  async #send(request: Request): Promise<TaskRun> {
    return (await this.#transport.send(request)) as TaskRun; // the API server's schema has checked it
  }
}

function pathOf({ path, name }: RunPlace): string {
  return `${path}/${encodeURIComponent(name)}`;
}
