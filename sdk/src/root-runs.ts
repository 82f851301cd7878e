// Root runs. Inside a run the runner makes them; elsewhere the Kubernetes client, which is loaded only then.
import { AsyncLocalStorage } from "node:async_hooks";

import type { RunsRequest, StartOptions } from "@stint/crds/attempt";
import type { Json } from "@stint/crds/json";

import { toInput } from "./arguments.ts";
import "./description.ts";
import { Handle, type RunHandle, type RunPort } from "./handle.ts";
import { over, type DefinedCall } from "./options.ts";
import { inputTooLarge } from "./payload-limits.ts";
import type { Scope, Target, TriggerGiven } from "./scope.ts";
import { shared } from "./shared.ts";
import { startTags } from "./start-tags.ts";
import { parseTriggerOptions } from "./trigger-options.ts";

/** A root run to be made, wherever it is made. */
export interface RunRequest {
  readonly bundle: string;
  readonly target: Target;
  readonly input: Json;
  readonly options: StartOptions;
  /** Of the run. */
  readonly name?: string;
  readonly namespace?: string;
}

/** What makes root runs outside a run, and where they belong unless the trigger says so itself. */
export interface TriggerClient {
  readonly bundle?: string;
  create(request: RunRequest): Promise<RunPort>;
}

const clients = shared(Symbol.for("stint.dev/client/v1"), () => new AsyncLocalStorage<TriggerClient>());

/** Triggers in `work` go to this client, and not to the cluster that the environment names. */
export function triggerThrough<T>(client: TriggerClient, work: () => T): T {
  return clients.run(client, work);
}

/** Triggers outside a run: see {@link trigger}. */
export async function triggerOutside(
  target: Target,
  call: DefinedCall,
  given: TriggerGiven,
): Promise<RunHandle<unknown>> {
  const own = clients.getStore()?.bundle ?? process.env["STINT_BUNDLE"];
  const request = toRequest(target, call, given, own);
  const client = clients.getStore() ?? (await clusterClient());
  return new Handle(await client.create(request));
}

/** Triggers inside a run: the gateway creates the run, in the pod's namespace and outside its tree (S123). */
export function triggersThrough(
  create: (request: RunsRequest) => Promise<RunPort>,
  own: { readonly bundle: string; readonly namespace: string },
): Required<Scope>["trigger"] {
  return async (...given) => {
    const { target, bundle, input, options, name, namespace } = toRequest(...given, own.bundle);
    if (namespace !== undefined && namespace !== own.namespace) {
      throw new RangeError(
        `Task "${target.name}": namespace must be ${own.namespace} inside a run, got "${namespace}"`,
      );
    }
    const hasOptions = Object.keys(options).length > 0;
    const request = {
      task: `${bundle}/${target.name}`,
      input,
      ...(name === undefined ? {} : { name }),
      ...(hasOptions ? { options } : {}),
    };
    return new Handle(await create(request));
  };
}

function toRequest(
  target: Target,
  call: DefinedCall,
  [input = [], given = {}]: TriggerGiven,
  ownBundle: string | undefined,
): RunRequest {
  const { bundle, namespace, name, tags: added, ...own } = parseTriggerOptions(target.name, given);
  target.definition?.described(); // refused before anything is sent, where it was not at definition
  const { key, waitFor, tags: replaced, ...lower } = call;
  if (key !== undefined) throw new TypeError(`Task "${target.name}": option "key" is for calls; give the run a name`);
  if (waitFor) throw new TypeError(`Task "${target.name}": option "waitFor" is for calls`);

  const request: RunRequest = {
    target,
    bundle: bundleOf(target, bundle ?? ownBundle),
    input: toInput(target.name, input),
    options: {
      ...over(lower, own),
      ...startTags(target.name, { own: target.definition?.entry.tags, replaced, added }),
    },
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  };
  const problem = inputTooLarge(`${request.bundle}/${target.name}`, request.input);
  if (problem !== undefined) throw new RangeError(problem);
  return request;
}

function bundleOf({ name, bundle: foreign }: Target, given: string | undefined): string {
  const bundle = foreign ?? given;
  if (bundle) return bundle;
  throw new Error(`Task "${name}": trigger() needs its bundle: give the option bundle or set STINT_BUNDLE`);
}

async function clusterClient(): Promise<TriggerClient> {
  const { connectedClient } = await import("./client/client.ts");
  return connectedClient();
}
