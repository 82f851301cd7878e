// The runs that an attempt starts: its children, and roots that it triggers.
//
//   L1. A child's name follows from the attempt and the number of the call, so it is known before anything was sent, and
//       a repeated start finds the first one's child (S118). With a key, the gateway chooses the ordinal and so the name.
//   L2. A start nobody awaits still starts: the attempt's report waits until every start is acknowledged or refused.
//   L3. A refusal nobody awaits is nobody's: it is no unhandled rejection (S117).
//   L4. A child that depends on others is sent once these have started: the gateway then knows them, whatever their keys,
//       and none waits for a run that was refused (S130).
import {
  ProtocolCode,
  type Assignment,
  type ChildStart,
  type RunOutcome,
  type RunsRequest,
  type StreamNews,
  type StreamPosition,
} from "@stint/crds/attempt";
import type { Host, HostTime } from "@stint/crds/host";
import { childName } from "@stint/crds/labels";
import type { RerunOptions } from "@stint/crds/rerun";

import { toDemand, withDependencies, type Demand } from "./demand.ts";
import { CanceledError, ClientError } from "./errors.ts";
import type { ChildPort, RunPort } from "./handle.ts";
import type { Call } from "./scope.ts";

export class Children {
  readonly #assignment: Assignment;
  readonly #host: Host;
  readonly #starts: Promise<unknown>[] = [];
  #sequence = 0;

  constructor(assignment: Assignment, host: Host) {
    this.#assignment = assignment;
    this.#host = host;
  }

  /**
   * Throws if the arguments of any call are no JSON (S42) or too large (S43), before the first one starts; a refusal by the
   * gateway comes with the first wait.
   */
  start(calls: readonly Call[]): readonly ChildPort[] {
    const demands = calls.map((call) => toDemand(call, this.#assignment.bundle));
    return calls.map((call, index) => this.#startOne(call, demands[index]));
  }

  #startOne({ target, options: given }: Call, demand: Demand | undefined): ChildPort {
    const { key, waitFor: _, ...options } = given; // part of the demand
    const { uid: parentUid, attempt } = this.#assignment;
    const sequence = this.nextSequence();
    const start: ChildStart = {
      sequence,
      task: { name: target.name, ...(target.bundle === undefined ? {} : { bundle: target.bundle }) },
      input: demand?.input ?? [],
      ...(key === undefined ? {} : { key }),
      ...(Object.keys(options).length === 0 ? {} : { options }),
    };
    const started = this.#noted(this.#sendAfter(start, demand));
    const name = key === undefined ? childName({ parentUid, attempt, sequence }) : undefined; // L1
    return new StartedRun(this.#host, started, name);
  }

  /** L4: what is depended on starts first, and if it cannot, neither does this. */
  async #sendAfter(start: ChildStart, demand: Demand | undefined): Promise<string> {
    return this.send(demand && demand.upstreams.size > 0 ? await withDependencies(start, demand) : start);
  }

  /** Gives the child's name; rejects with the gateway's refusal, in the SDK's words. */
  send(start: ChildStart): Promise<string> {
    return this.#host.startChild(start).catch(rethrow);
  }

  /** The number of the next start of this attempt, from 1 (S118). */
  nextSequence(): number {
    return ++this.#sequence;
  }

  async trigger(request: RunsRequest): Promise<RunPort> {
    const name = await this.#noted(this.#host.triggerRun(request).catch(rethrow));
    return new StartedRun(this.#host, Promise.resolve(name), name);
  }

  /** Resolves once every start so far is acknowledged or refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#starts);
  }

  #noted(start: Promise<string>): Promise<string> {
    this.#starts.push(start);
    return start;
  }
}

class StartedRun implements ChildPort {
  readonly started: Promise<string>;
  readonly #host: Host;
  #name: string | undefined;

  constructor(host: Host, started: Promise<string>, name: string | undefined) {
    this.#host = host;
    this.started = started;
    this.#name = name;
    started.then(
      (name) => (this.#name = name),
      () => undefined, // L3
    );
  }

  get id(): string | undefined {
    return this.#name;
  }

  get time(): HostTime | undefined {
    return this.#host.time;
  }

  async outcome(signal: AbortSignal): Promise<RunOutcome> {
    const name = await this.started;
    return this.#host.outcomeOf(name, signal).catch(rethrow);
  }

  async valuesAfter(after: StreamPosition): Promise<StreamNews> {
    const name = await this.started;
    return this.#host.valuesOf(name, after).catch(rethrow);
  }

  async cancel(): Promise<void> {
    const name = await this.started;
    await this.#host.cancelChild(name).catch(rethrow);
  }

  async rerun(options: RerunOptions): Promise<void> {
    const name = await this.started;
    await this.#host.rerunChild(name, options).catch(rethrow);
  }
}

const statusCodes: Readonly<Record<string, number>> = {
  [ProtocolCode.InvalidRequest]: 400,
  [ProtocolCode.NotFound]: 404,
  [ProtocolCode.KeyConflict]: 409,
  [ProtocolCode.CannotRerun]: 409,
  [ProtocolCode.TooLarge]: 413,
  [ProtocolCode.TreeLimitExceeded]: 422,
};

/** The gateway's refusal in the SDK's words; anything else, the stop of this attempt for one, as it is. */
function rethrow(error: unknown): never {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") throw error;
  const { message, code } = error;
  if (code === ProtocolCode.Canceled) throw new CanceledError(message, { cause: error }); // S125
  throw new ClientError(message, { code, statusCode: statusCodes[code], cause: error });
}
