// Stint on this machine, for the code in this directory: a cluster, the operator, and every save a revision.
import { basename } from "node:path";

import { localEndpoint } from "@stint/sdk/client/local-server";

import { expectBundleName } from "../bundle-code.ts";
import { type Built, expectEntry, watchBundle } from "../bundling.ts";
import { Cluster } from "../cluster.ts";
import { readEnvFile } from "../dev/env-file.ts";
import { Narrator } from "../dev/narrator.ts";
import { createRegistrar } from "../dev/registrar.ts";
import { type Server, startServer } from "../dev/server.ts";
import { ExitCode } from "../exit-codes.ts";
import { inWords } from "../duration.ts";
import { type Problem, usage } from "../problem.ts";
import { toBundleName } from "../project-name.ts";
import type { Session } from "../session.ts";

export interface DevOptions {
  readonly port: number;
  readonly bundle?: string;
  readonly envFile?: string;
  readonly state?: string;
  readonly quiet?: boolean;
}

/** The form with a command is promised (S281) and not built. Throws a usage problem. */
export function expectNoCommand(hasCommand: boolean): void {
  if (!hasCommand) return;
  throw usage(
    "`stint dev -- <command>` is not built yet",
    "Name a module of tasks in JavaScript or TypeScript: stint dev <entry>.",
  );
}

/** Serves the tasks of the entry point until it is interrupted. Source: S281, S282. */
export async function dev(session: Session, entry: string, options: DevOptions): Promise<ExitCode> {
  const { terminal, now } = session;
  const began = now();
  const bundle = options.bundle ?? toBundleName(basename(process.cwd()));
  expectBundleName(bundle);
  expectEntry(entry);
  const podEnv = options.envFile === undefined ? {} : readEnvFile(options.envFile);

  const narrator = new Narrator({ terminal, now, quiet: options.quiet ?? false });
  const stop = session.interrupted();
  const server = await startServer({
    port: options.port,
    podEnv,
    onOutput: narrator.hear,
    onTrouble: (text) => terminal.note(`operator: ${text}`),
    ...(options.state !== undefined && { stateFile: options.state }),
  });
  try {
    const tell = await registering(server, { bundle, entry, session });
    await watchBundle(entry, { tell, stop, lifeline: server.cluster.nodes?.lifeline });
    await Promise.race([server.ready, aborted(stop)]);
    if (!stop.aborted) terminal.print(welcome(server, began, now()));
    narrator.follow(server.cluster.api);
    await Promise.race([server.lost, aborted(stop)]);
    terminal.note(options.state === undefined ? "stopping" : "stopping: attempts are told to end, Ctrl-C kills them");
  } finally {
    await server.close();
  }
  return ExitCode.Ok;
}

interface Registering {
  readonly bundle: string;
  readonly entry: string;
  readonly session: Session;
}

/** What is done with each result of the bundler. */
async function registering(
  { url }: Server,
  { bundle, entry, session: { terminal } }: Registering,
): Promise<(built: Built) => void> {
  const tell = ({ message, remedy }: Problem): void => terminal.note(`error: ${message}\n${remedy}`);
  const registrar = createRegistrar(new Cluster(await localEndpoint(url)), bundle, tell);
  return (built) => {
    if ("problem" in built) return tell(built.problem);
    terminal.note(`bundled ${entry}: ${Buffer.byteLength(built.code)} bytes`);
    registrar.offer(built.code);
  };
}

function welcome({ url, kubeconfigFile }: Server, began: Date, now: Date): string {
  const seconds = inWords((now.getTime() - began.getTime()) / 1000);
  const isUsual = url === "http://localhost:8120";
  return [
    `Stint is ready at ${url} after ${seconds}; Ctrl-C ends it`,
    `  export KUBECONFIG=${kubeconfigFile}  # kubectl, stint and programs with @stint/sdk`,
    `  export STINT_LOCAL_DEV=1${isUsual ? "" : ` STINT_LOCAL_DEV_URL=${url}`}  # the same for programs alone`,
  ].join("\n");
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
