// The operator as a process of its own: the same program as in its image, with devcluster for its cluster.
//
//   P1. It ends with us, however we end: it exits when the channel to its parent closes (lifeline.cjs).
//   P2. Ctrl-C is ours to pass on: the process stands in a group of its own, where a terminal's signal does not reach it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

export interface OperatorSettings {
  /** The built operator. */
  readonly program: string;
  /** The API server, for which it finds `token` and `ca.crt` in `mount`, as a pod does. */
  readonly server: { readonly host: string; readonly port: string; readonly mount: string };
  /** Its own namespace, which exists. */
  readonly namespace: string;
  /** Unique among operators of one cluster. */
  readonly name: string;
  readonly runnerImage: string;
  /** `ip:port` that pods are given; absent: the gateway of this process. */
  readonly gatewayAddress?: string;
  /** Where its gateway listens if that port is free; absent: any that is free. */
  readonly gatewayPort?: number;
  /** More of its environment, over what stands above. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of node, in front of the program. */
  readonly nodeOptions?: readonly string[];
  /** Told each line of its log: JSON, unless it could not start. */
  readonly onLine?: (line: string) => void;
}

export interface OperatorProcess {
  readonly pid: number;
  readonly gatewayPort: number;
  readonly httpPort: number;
  /** Resolves when it can serve runners; rejects if it ends before. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended, with its exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** SIGTERM, and SIGKILL to one that has not ended after 25 s. */
  stop(): Promise<void>;
  /** As a machine dies. */
  kill(): Promise<void>;
}

const stopMs = 25_000;

/** Starts an operator. It goes on coming up after this returns: see `ready`. */
export async function startOperator(settings: OperatorSettings): Promise<OperatorProcess> {
  const [gatewayPort, httpPort] = await Promise.all([freePort(settings.gatewayPort), freePort()]);
  const child = spawn(
    process.execPath,
    [...(settings.nodeOptions ?? []), "--require", join(dirname(settings.program), "lifeline.cjs"), settings.program],
    {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true, // P2
      env: environmentOf(settings, gatewayPort, httpPort),
    },
  );
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface(stream).on("line", (line) => settings.onLine?.(line));
  }
  const ended = once(child, "close").then(([code, signal]) => (signal ?? code ?? 0) as number | NodeJS.Signals);
  await once(child, "spawn");
  return {
    pid: child.pid ?? 0,
    gatewayPort,
    httpPort,
    ready: untilReady(httpPort, ended),
    ended,
    async stop() {
      child.kill("SIGTERM");
      const isOver = await Promise.race([ended.then(() => true), sleep(stopMs, false, { ref: false })]);
      if (!isOver) child.kill("SIGKILL");
      await ended;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function environmentOf(settings: OperatorSettings, gatewayPort: number, httpPort: number): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    KUBERNETES_SERVICE_HOST: settings.server.host,
    KUBERNETES_SERVICE_PORT: settings.server.port,
    STINT_SERVICE_ACCOUNT_MOUNT: settings.server.mount,
    STINT_NAMESPACE: settings.namespace,
    STINT_POD_NAME: settings.name,
    STINT_RUNNER_IMAGE: settings.runnerImage,
    STINT_GATEWAY_ADDRESS: settings.gatewayAddress ?? `127.0.0.1:${gatewayPort}`,
    STINT_GATEWAY_LISTEN_PORT: String(gatewayPort),
    STINT_HTTP_PORT: String(httpPort),
    ...settings.env,
  };
}

async function untilReady(port: number, ended: Promise<number | NodeJS.Signals>): Promise<void> {
  const state: { end?: number | NodeJS.Signals } = {};
  void ended.then((end) => (state.end = end));
  while (state.end === undefined) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    await sleep(20);
  }
  throw new Error(`the operator ended (${state.end}) before it was ready`);
}

/** One that nobody listens on now. Somebody else may be faster: then the operator ends, and says which it was. */
async function freePort(wished = anyPort()): Promise<number> {
  const server = createServer();
  const isListening = once(server.listen(wished, "127.0.0.1"), "listening");
  const isFree = await isListening.then(
    () => true,
    () => false,
  );
  if (!isFree) return freePort();
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  await once(server.close(), "close");
  return port;
}

/** Below those that systems give to connections: one of them could take it before the operator does. */
function anyPort(): number {
  return 20_000 + Math.floor(Math.random() * 12_000);
}
