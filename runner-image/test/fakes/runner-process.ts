// The built runner as a real process, with a folder of its own for what a pod would have.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

import { podContract } from "@stint/crds/attempt";
import { decodeTermination, type TerminationMessage } from "@stint/crds/termination";

import type { GatewayTarget } from "../../src/environment.ts";

export interface RunnerOptions {
  /** The built file. The process's folder is made beside it, so that it finds the SDK as a mounted bundle does. */
  readonly runner: string;
  readonly target: GatewayTarget;
  readonly mode?: string;
  /** Files of the working directory, by name. The entry point is `entry.mjs`, if it is there. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether waits between tries take a thousandth of their time. */
  readonly hastened?: boolean;
  /** Variables besides those that every pod has. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class RunnerProcess implements AsyncDisposable {
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #directory: string;

  static async start(options: RunnerOptions): Promise<RunnerProcess> {
    const directory = await mkdtemp(join(dirname(options.runner), "pod-"));
    const files = { ...options.files, token: "the-token" };
    await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(directory, name), content)));
    return new RunnerProcess(directory, options);
  }

  private constructor(
    directory: string,
    { runner, target, files, mode = "run", hastened = false, env }: RunnerOptions,
  ) {
    const preload = hastened ? ["--import", join(import.meta.dirname, "hasten.mjs")] : [];
    const child = spawn(process.execPath, [...preload, runner], {
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...env,
        [podContract.mode]: mode,
        [podContract.gatewayAddress]: `${target.host}:${target.port}`,
        [podContract.gatewayName]: target.name,
        [podContract.gatewayCa]: target.ca,
        [podContract.tokenFileVariable]: join(directory, "token"),
        [podContract.terminationLogVariable]: join(directory, "termination-log"),
        ...("entry.mjs" in files && { [podContract.entrypoint]: "entry.mjs" }),
      },
    });
    this.#child = child;
    this.#directory = directory;
    this.exit = exitOf(child, text(child.stdout), text(child.stderr));
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** What the kubelet would find; `undefined` if the runner left nothing. */
  async terminationMessage(): Promise<TerminationMessage | undefined> {
    return decodeTermination(await this.terminationText());
  }

  /** The same as it was written; empty if there is nothing. */
  terminationText(): Promise<string> {
    return readFile(join(this.#directory, "termination-log"), "utf8").catch(() => "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.exit;
    await rm(this.#directory, { recursive: true });
  }
}

async function exitOf(child: ChildProcess, stdout: Promise<string>, stderr: Promise<string>): Promise<Exit> {
  await once(child, "close");
  return { code: child.exitCode, signal: child.signalCode, stdout: await stdout, stderr: await stderr };
}

/** The runner's own lines of the output, without their times. */
export function logLines({ stdout }: Exit): readonly unknown[] {
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => ({ ...JSON.parse(line), time: undefined, durationMs: undefined }));
}

/** The text of an entry point with one task, in the place of the SDK: `body` may use `input` and `host`. */
export function anEntry(body: string, around = ""): string {
  return `
    const startedAt = new Date().toISOString();
    const failed = ({ name, message }) =>
      ({ kind: "failed", reason: "TaskError", error: { name, message }, retryable: false, startedAt });
    globalThis[Symbol.for("stint.dev/registry/v1")] = {
      close() {},
      manifest: () => [{ name: "square" }],
      stopError: ({ reason, message }) => Object.assign(new Error(message), { name: reason + "Stop", stop: reason }),
      async run({ input }, host) {
        try {
          return { kind: "succeeded", value: await (async () => { ${body} })(), startedAt };
        } catch (error) {
          return failed(error);
        }
      },
    };
    ${around}
  `;
}
