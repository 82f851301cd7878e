// The operators of a seed, as a Deployment keeps them: one that ends is followed by another, whoever ended it.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import type { Embedded } from "../../cli/src/dev/embedded.ts";
import type { OperatorEnd } from "./history.ts";
import type { FastTime } from "./time.ts";

type OperatorProcess = Awaited<ReturnType<Embedded["startOperator"]>>;

/** An operator, and what it has logged that nobody should. */
interface Begun {
  readonly operator: OperatorProcess;
  readonly errors: readonly string[];
}

interface Beginning {
  /** Unique among operators of one cluster. */
  readonly name: string;
  readonly gatewayAddress: string;
  /** {@link FastTime.environment} and more. */
  readonly env: Readonly<Record<string, string>>;
}

interface OperatorsOptions {
  readonly embedded: Embedded;
  readonly time: FastTime;
  /** One operator each. */
  readonly skewsMs: readonly number[];
  readonly gatewayAddress: () => string;
}

const preload = fileURLToPath(new URL("./preload/warp.cjs", import.meta.url));
const restartMs = 100;
/** Of this machine's time. A plan's are shorter. */
const longestFreezeSeconds = 60;
const errorLevel = 50;

export class Operators {
  readonly ends: OperatorEnd[] = [];
  /** All that they logged, for whoever has to find out what happened. */
  readonly log: string[] = [];
  readonly #options: OperatorsOptions;
  readonly #live = new Map<number, OperatorProcess>();
  /** Whom somebody here has killed, by process id. */
  readonly #killed = new Set<number>();
  readonly #kept: Promise<void>[] = [];
  #isClosing = false;

  constructor(options: OperatorsOptions) {
    this.#options = options;
  }

  /** Resolves when the first of them can serve; rejects with their words if none of them ever can. */
  async start(): Promise<void> {
    const firsts = await Promise.all(this.#options.skewsMs.map((skewMs, replica) => this.#begin(replica, skewMs, 0)));
    await Promise.any(firsts.map(({ ready }) => ready)).catch((cause: unknown) => {
      throw new Error(`no operator can serve:\n${this.log.slice(-20).join("\n")}`, { cause });
    });
  }

  get gatewayPorts(): readonly number[] {
    return [...this.#live.values()].map(({ gatewayPort }) => gatewayPort);
  }

  /** SIGKILL; `pick` is from 0 to 1. False if there is none. */
  kill(pick: number): boolean {
    const operator = this.#picked(pick);
    if (!operator) return false;
    this.#killed.add(operator.pid);
    void operator.kill();
    return true;
  }

  /** Takes all time from one of them, and answers what gives it back; undefined if there is none. */
  freeze(pick: number): (() => void) | undefined {
    const operator = this.#picked(pick);
    if (!operator) return undefined;
    const { pid } = operator;
    // One that is stopped hears of nothing, and so would outlive us for ever: whatever becomes of us, somebody wakes it.
    const script = `kill -STOP ${pid}; sleep ${longestFreezeSeconds}; kill -CONT ${pid}`;
    spawn("sh", ["-c", script], { detached: true, stdio: "ignore" }).unref();
    return () => {
      if (this.#live.get(pid) === operator) wake(pid);
    };
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    for (const pid of this.#live.keys()) this.#killed.add(pid);
    await Promise.all([...this.#live.values()].map((operator) => operator.kill()));
    await Promise.all(this.#kept);
  }

  #picked(pick: number): OperatorProcess | undefined {
    const all = [...this.#live.values()];
    return all[Math.floor(pick * all.length)];
  }

  async #begin(replica: number, skewMs: number, generation: number): Promise<OperatorProcess> {
    const { embedded, time, gatewayAddress } = this.#options;
    const name = `operator-${replica}-${generation}`;
    const env = time.environment(skewMs);
    const begun = await beginOperator(embedded, { name, gatewayAddress: gatewayAddress(), env }, this.log);
    const { operator, errors } = begun;
    operator.ready.catch(() => undefined); // it may end before: then another follows
    this.#live.set(operator.pid, operator);
    this.#kept.push(this.#follow(operator, { name, errors, next: () => this.#begin(replica, skewMs, generation + 1) }));
    return operator;
  }

  async #follow(
    operator: OperatorProcess,
    {
      name,
      errors,
      next,
    }: { readonly name: string; readonly errors: readonly string[]; readonly next: () => Promise<unknown> },
  ): Promise<void> {
    const end = await operator.ended;
    this.#live.delete(operator.pid);
    this.ends.push({ name, atMs: Date.now(), end, byItself: !this.#killed.has(operator.pid), errors });
    await sleep(restartMs);
    if (!this.#isClosing) await next();
  }
}

/** Starts an operator in the time of the others. It adds its lines to the log, each with its name in front. */
export async function beginOperator(embedded: Embedded, beginning: Beginning, log: string[]): Promise<Begun> {
  const errors: string[] = [];
  const operator = await embedded.startOperator({
    ...beginning,
    nodeOptions: ["--require", preload],
    onLine: (line) => {
      log.push(`${beginning.name} ${line}`);
      const error = errorIn(line);
      if (error !== undefined) errors.push(error);
    },
  });
  return { operator, errors };
}

function wake(pid: number): void {
  try {
    process.kill(pid, "SIGCONT");
  } catch {
    // It has ended, and nobody has been told yet.
  }
}

/** The message of a line at level `error` and above, and a line that is no log at all. */
function errorIn(line: string): string | undefined {
  try {
    const { level, msg, error } = JSON.parse(line) as { level: number; msg: string; error?: { message?: string } };
    if (level < errorLevel) return undefined;
    return [msg, error?.message].filter(Boolean).join(": ");
  } catch {
    return line.trim() === "" ? undefined : line;
  }
}
