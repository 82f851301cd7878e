// The `Cluster` in memory, for component tests: it notes what it is asked, and fails on command, before a write, after it,
// or by saying nothing.
import type { Resource } from "../../src/effects/cluster.ts";
import { ApiError, type ApiErrorOptions, type ApiReason } from "../../src/errors.ts";
import { MemoryCluster, type Call as ClusterCall, type Verb } from "../../../testing/src/memory/cluster.ts";
import { ObjectStore } from "../../../testing/src/memory/object-store.ts";

export interface Call {
  readonly verb: Verb;
  readonly resource: string;
  /** `namespace/name`, as far as the call names an object. */
  readonly key: string;
}

type Fault = (carryOut: () => unknown, signal: AbortSignal | undefined) => Promise<unknown>;

const reads: readonly Verb[] = ["get", "list", "watch"];

/** The API server's no, as the adapter reports it. */
export function apiError(reason: ApiReason, options: Omit<ApiErrorOptions, "reason"> = {}): ApiError {
  return new ApiError(`scripted: ${reason}`, { reason, ...options });
}

export class FakeCluster extends MemoryCluster {
  /** Every call, in order. */
  readonly calls: Call[] = [];
  readonly #faults: { readonly verb: Verb; readonly resource: Resource; readonly fault: Fault }[] = [];
  /** By resource, what its watches are not shown yet. */
  readonly #heldBack = new Map<string, (() => void)[]>();
  #partition: Fault | undefined;

  /** Two fakes on one store are two processes before one API server. */
  constructor(options: { readonly now: () => Date } | { readonly store: ObjectStore }) {
    super("store" in options ? options.store : new ObjectStore(options.now));
  }

  /** The calls that change something, in order. */
  get writes(): readonly Call[] {
    return this.calls.filter(({ verb }) => !reads.includes(verb));
  }

  /** The next such call fails, and nothing is written. */
  failNext(verb: Verb, resource: Resource, error: unknown): void {
    this.#script(verb, resource, () => Promise.reject(error));
  }

  /** The next such call is carried out, and its answer is lost. */
  commitThenFailNext(verb: Verb, resource: Resource, error: unknown = apiError("unavailable")): void {
    this.#script(verb, resource, async (carryOut) => {
      carryOut();
      throw error;
    });
  }

  /** The next such call gets no answer until its signal is aborted. Nothing is written. */
  hangNext(verb: Verb, resource: Resource): void {
    this.#script(verb, resource, (_, signal) => aborted(signal));
  }

  /** The next such call is carried out, and gets no answer until its signal is aborted. */
  commitThenHangNext(verb: Verb, resource: Resource): void {
    this.#script(verb, resource, (carryOut, signal) => {
      carryOut();
      return aborted(signal);
    });
  }

  /** The next such call is carried out when the function returned is called, unless its signal is aborted before. */
  holdNext(verb: Verb, resource: Resource): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#script(verb, resource, async (carryOut, signal) => {
      await (signal ? Promise.race([promise, aborted(signal)]) : promise);
      return carryOut();
    });
    return resolve;
  }

  /** Something happens in the cluster just before the next such call is carried out: the seam of a race. */
  beforeNext(verb: Verb, resource: Resource, happens: () => void): void {
    this.#script(verb, resource, async (carryOut) => {
      happens();
      return carryOut();
    });
  }

  /** Cuts this process off: every call is refused, or hangs until its signal is aborted. */
  partition(how: "refused" | "silent"): void {
    this.#partition =
      how === "refused" ? () => Promise.reject(apiError("unavailable")) : (_, signal) => aborted(signal);
    if (how === "refused") this.endWatches(apiError("unavailable"));
  }

  heal(): void {
    this.#partition = undefined;
  }

  /** From now on this process sees nothing of what happens to a resource, until the function returned is called. */
  holdBack(resource: Resource): () => void {
    const heldBack: (() => void)[] = [];
    this.#heldBack.set(resource.plural, heldBack);
    return () => {
      this.#heldBack.delete(resource.plural);
      for (const show of heldBack) show();
    };
  }

  protected override begin({ verb, resource, ref }: ClusterCall): void {
    this.calls.push({ verb, resource: resource.plural, key: [ref.namespace, ref.name].filter(Boolean).join("/") });
  }

  protected override async answer<R>({ verb, resource, signal }: ClusterCall, carryOut: () => R): Promise<R> {
    const index = this.#faults.findIndex((one) => one.verb === verb && one.resource.plural === resource.plural);
    const fault = this.#partition ?? (index < 0 ? undefined : this.#faults.splice(index, 1)[0]?.fault);
    if (fault === undefined) return carryOut();
    return (await fault(carryOut, signal)) as R; // a fault throws, or returns what carryOut did
  }

  protected override show(resource: Resource, show: () => void): void {
    const heldBack = this.#heldBack.get(resource.plural);
    if (heldBack) heldBack.push(show);
    else show();
  }

  #script(verb: Verb, resource: Resource, fault: Fault): void {
    this.#faults.push({ verb, resource, fault });
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  if (!signal) return Promise.reject(new Error("a call without a signal would hang for ever"));
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
