// Where stories are played one after the other: a cluster, and the address at which pods reach whichever operator lives.
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { type Embedded, forgetLeader } from "../../../cli/src/dev/embedded.ts";
import { Ledger } from "../chronicle.ts";
import { Forwarder } from "../forwarder.ts";
import { beginOperator } from "../operators.ts";
import { deployBundle, namespace, startCluster } from "../play.ts";
import { FastTime } from "../time.ts";

export type Life = Awaited<ReturnType<typeof beginOperator>> & { readonly name: string };

interface Birth {
  readonly name: string;
  /** Where it dies, as `after-status#2`; absent: nowhere. */
  readonly crashAt?: string;
  readonly log: string[];
}

const lookMs = 20;

type Parts = Pick<Stage, "embedded" | "ledger" | "time"> & { readonly gateway: Forwarder };

export class Stage {
  readonly embedded: Embedded;
  readonly ledger: Ledger;
  readonly time: FastTime;
  readonly #gateway: Forwarder;
  /** Where the gateways of those that live listen. */
  readonly #ports = new Set<number>();
  #deployed: Promise<void> | undefined;

  private constructor({ embedded, ledger, time, gateway }: Parts) {
    this.embedded = embedded;
    this.ledger = ledger;
    this.time = time;
    this.#gateway = gateway;
  }

  /** `assets`: what was built. `speed`: how many times as fast as this machine's its time passes. */
  static async open(assets: string, speed = 1): Promise<Stage> {
    const [ledger, time] = [new Ledger(), new FastTime(speed)];
    const embedded = await startCluster({ ledger, time, assets });
    const gateway = await Forwarder.start(() => [...stage.#ports]);
    const stage: Stage = new Stage({ embedded, ledger, time, gateway });
    return stage;
  }

  get cluster(): Embedded["cluster"] {
    return this.embedded.cluster;
  }

  /** Leads from now on if nobody does. Resolves when it can serve, or has ended before. */
  async begin({ name, crashAt, log }: Birth): Promise<Life> {
    const env = { ...this.time.environment(), ...(crashAt !== undefined && { STINT_TEST_CRASH_AT: crashAt }) };
    const begun = await beginOperator(this.embedded, { name, gatewayAddress: this.#gateway.address, env }, log);
    const { gatewayPort, ended, ready } = begun.operator;
    this.#ports.add(gatewayPort);
    void ended.then(() => this.#ports.delete(gatewayPort));
    await ready.catch(() => undefined);
    return { name, ...begun };
  }

  /** The tasks are Ready; there has to be an operator. */
  untilDeployed(): Promise<void> {
    return (this.#deployed ??= deployBundle(this.embedded));
  }

  /** Whoever leads is dead: the next need not wait until the lease has run out. */
  forgetLeader(): void {
    forgetLeader(this.cluster);
  }

  /** Takes all runs and their pods away. */
  async clear(): Promise<void> {
    const { api } = this.cluster;
    const left = (): number =>
      ["taskruns.stint.dev", "pods"].flatMap((resource) => api.list(resource, namespace)).length;
    for (const { metadata } of api.list("taskruns.stint.dev", namespace)) api.delete("taskruns.stint.dev", metadata);
    while (left() > 0) await sleep(lookMs);
  }

  async close(): Promise<void> {
    await this.embedded.close();
    await this.#gateway.close();
    rmSync(this.ledger.folder, { recursive: true, force: true });
  }
}

/** As many as are played on at a time: whoever has played on one leaves it to the next. */
export class Stages {
  readonly #assets: string;
  readonly #idle: Stage[] = [];
  readonly #all = new Set<Stage>();

  /** `assets`: what was built. */
  constructor(assets: string) {
    this.#assets = assets;
  }

  /** On one that is empty. It is not used again where the work fails. */
  async lend<T>(work: (stage: Stage) => Promise<T>): Promise<T> {
    const stage = this.#idle.pop() ?? (await Stage.open(this.#assets));
    this.#all.add(stage);
    const worked = await work(stage);
    this.#idle.push(stage);
    return worked;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((stage) => stage.close()));
  }
}
