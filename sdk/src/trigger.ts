// Starting a root run. Inside a run the runner does it; elsewhere the Kubernetes client, which is loaded only then, since
// every attempt pays for what this package loads.
import { AsyncLocalStorage } from "node:async_hooks";

import type { StartOptions } from "@stint/crds/attempt";
import type { Json } from "@stint/crds/json";

import { toInput } from "./arguments.ts";
import { Handle, type RunHandle, type RunPort } from "./handle.ts";
import { over, parseTriggerOptions, type DefinedCall, type TriggerOptions } from "./options.ts";
import { inputTooLarge } from "./payload.ts";
import { currentScope, type Scope, type Target } from "./scope.ts";
import { shared } from "./shared.ts";
import { startTags } from "./tags.ts";

/** The arguments as a list, as an object by name, or, of a task that takes one object, that object. Source: S29 to S31. */
export type TriggerInput<A extends readonly unknown[]> =
  | Readonly<A>
  | Readonly<Record<string, A[number]>>
  | (A extends readonly [(infer O extends object)?] ? O : never);

/** What `trigger()` takes; the input may be left out where all of the task's parameters may. */
export type TriggerArguments<A extends readonly unknown[]> = [] extends A
  ? [input?: TriggerInput<A>, options?: TriggerOptions]
  : [input: TriggerInput<A>, options?: TriggerOptions];

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

/** Throws a TypeError for a bad input or option, a RangeError for an input that is too large, and what the client throws. */
export async function trigger<T>(
  target: Target,
  call: DefinedCall,
  [input = [], given = {}]: readonly [input?: unknown, options?: TriggerOptions],
): Promise<RunHandle<T>> {
  const { bundle, namespace, name, tags: added, ...own } = parseTriggerOptions(target.name, given);
  const { key, waitFor, tags: replaced, ...lower } = call;
  if (key !== undefined) throw new TypeError(`Task "${target.name}": option "key" is for calls; give the run a name`);
  if (waitFor) throw new TypeError(`Task "${target.name}": option "waitFor" is for calls`);

  const request: RunRequest = {
    target,
    bundle: bundleOf(target, bundle),
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

  const { trigger, context } = currentScope() ?? {};
  const port = trigger && context ? triggerInside(trigger, request, context.namespace) : triggerOutside(request);
  return new Handle<T>(await port);
}

function bundleOf(target: Target, option: string | undefined): string {
  const scope = currentScope();
  const own = scope?.trigger ? scope.context.bundle : (clients.getStore()?.bundle ?? process.env["STINT_BUNDLE"]);
  const bundle = target.bundle ?? option ?? own;
  if (bundle) return bundle;
  throw new Error(`Task "${target.name}": trigger() needs its bundle: give the option bundle or set STINT_BUNDLE`);
}

/** The gateway creates it, in the pod's namespace and outside its tree (S123). */
async function triggerInside(trigger: Required<Scope>["trigger"], request: RunRequest, own: string): Promise<RunPort> {
  const { target, bundle, input, options, name, namespace = own } = request;
  if (namespace !== own) {
    throw new RangeError(`Task "${target.name}": namespace must be ${own} inside a run, got "${namespace}"`);
  }
  const hasOptions = Object.keys(options).length > 0;
  const task = `${bundle}/${target.name}`;
  return trigger({ task, input, ...(name === undefined ? {} : { name }), ...(hasOptions ? { options } : {}) });
}

async function triggerOutside(request: RunRequest): Promise<RunPort> {
  const client = clients.getStore() ?? (await clusterClient());
  return client.create(request);
}

async function clusterClient(): Promise<TriggerClient> {
  const { connectedClient } = await import("./client/client.ts");
  return connectedClient();
}
