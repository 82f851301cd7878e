// The development server: Stint in a box, with its kubeconfig where clients of this machine look for it.
import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type Devcluster, type OutputListener, StateFileError } from "@stint/devcluster";
import { localKubeconfigFile } from "@stint/sdk/client/local-server";

import { Problem } from "../problem.ts";
import { type Embedded, forgetLeader, startEmbedded } from "./embedded.ts";
import { keepOperator } from "./operator-keeper.ts";
import type { OperatorProcess } from "./operator-process.ts";
import { OperatorLog } from "./operator-log.ts";
import { operatorPort } from "./operator-port.ts";

export interface ServerOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** Where the state outlives the server; absent: nowhere. */
  readonly stateFile?: string;
  /** Environment of every attempt. */
  readonly podEnv: Readonly<Record<string, string>>;
  readonly onOutput: OutputListener;
  /** Told of each warning and each error in the operator's log. */
  readonly onTrouble: (text: string) => void;
}

export interface Server {
  readonly cluster: Devcluster;
  /** `http://localhost:8120`. */
  readonly url: string;
  readonly kubeconfigFile: string;
  /** Resolves when runs are served; rejects with a {@link Problem} if the operator ends before. */
  readonly ready: Promise<void>;
  /** Rejects with a {@link Problem} when there is no operator any more, and none could be started. */
  readonly lost: Promise<never>;
  /** Leaves no process and no file behind but the state. Attempts are killed, or, where there is a state, told to end first. */
  close(): Promise<void>;
}

/** Throws a {@link Problem} where the port is taken, the state cannot be used, or the home directory cannot be written. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { port, stateFile, podEnv, onOutput, onTrouble } = options;
  const embedded = await startEmbedded({
    port,
    podEnv: { ...podEnv, NODE_OPTIONS: `--enable-source-maps ${podEnv["NODE_OPTIONS"] ?? ""}`.trim() },
    nodes: { onOutput },
    ...(stateFile !== undefined && { dataFile: stateFile }),
  }).catch((error: unknown) => {
    throw startProblem(error, port);
  });
  const { cluster } = embedded;
  const ownPort = new URL(cluster.url).port;
  const kubeconfigFile = localKubeconfigFile(Number(ownPort));
  const log = new OperatorLog(onTrouble);
  const withdraw = (): Promise<void> => rm(kubeconfigFile, { force: true });
  try {
    welcomePods(cluster);
    await publish(kubeconfigFile, cluster.kubeconfig);
    const kept = await keepOperator(
      () => startOperator(embedded, (line) => log.take(line)),
      (end) => {
        forgetLeader(cluster);
        onTrouble(`it ended (${end}) and is started again`);
      },
    );
    const lost = kept.lost.catch((error: unknown) => throwLost(error, log));
    const ready = Promise.race([kept.ready, lost]);
    for (const promise of [lost, ready]) promise.catch(() => undefined); // whoever waits hears of it
    return {
      cluster,
      url: `http://localhost:${ownPort}`,
      kubeconfigFile,
      ready,
      lost,
      async close() {
        await withdraw();
        const operator = await kept.release();
        if (stateFile === undefined) await operator.kill();
        else await endAttempts(cluster);
        await embedded.close();
      },
    };
  } catch (error) {
    await withdraw();
    await embedded.close();
    throw error;
  }
}

function throwLost(error: unknown, log: OperatorLog): never {
  const why = error instanceof Error ? error.message : String(error);
  throw new Problem(`${why}${log.lastLines}`, "Please report it with these lines.", { cause: error });
}

/** On the port that pods know. */
async function startOperator(embedded: Embedded, onLine: (line: string) => void): Promise<OperatorProcess> {
  const port = operatorPort(embedded.cluster.api);
  const operator = await embedded.startOperator({
    env: { STINT_LOG_LEVEL: "warn" },
    onLine,
    ...(port.before !== undefined && { gatewayPort: port.before }),
  });
  port.keep(operator.gatewayPort);
  return operator;
}

/** Whole at once: a client may look at any time. */
async function publish(file: string, kubeconfig: string): Promise<void> {
  const fresh = `${file}.${randomUUID()}`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(fresh, kubeconfig, { mode: 0o600 });
    await rename(fresh, file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem(`write the kubeconfig: ${why}`, "Set HOME to a directory that you may write to.", {
      cause: error,
    });
  }
}

const node = { name: "local" };

/** As before a node is taken down in good order: the infrastructure's budget pays for what is cut short (S95). */
async function endAttempts({ api, nodes }: Devcluster): Promise<void> {
  nodes?.drain(node.name);
  while (api.list("pods").some(isLive)) await sleep(20);
}

/** The node that {@link endAttempts} left in the state takes pods again. */
function welcomePods({ api }: Devcluster): void {
  const found = api.get("nodes", node);
  if (found) api.update("nodes", { ...found, spec: {} });
}

function isLive({ spec, status }: { readonly [member: string]: unknown }): boolean {
  const isPlaced = typeof spec === "object" && spec !== null && "nodeName" in spec;
  const phase = typeof status === "object" && status !== null && "phase" in status ? status.phase : "Pending";
  return isPlaced && (phase === "Pending" || phase === "Running");
}

function startProblem(error: unknown, port: number): unknown {
  if (!(error instanceof Error) || error instanceof Problem) return error;
  const code = "code" in error ? error.code : undefined;
  const options = { cause: error };
  if (code === "EADDRINUSE") {
    return new Problem(`port ${port} is taken`, "Stop what listens there, or name another with --port.", options);
  }
  if (code === "ERR_SOCKET_BAD_PORT") {
    return new Problem(`${port} is no port`, "Name one from 0 to 65535 with --port.", options);
  }
  return error instanceof StateFileError
    ? new Problem(error.message, "Name another file with --state.", options)
    : error;
}
