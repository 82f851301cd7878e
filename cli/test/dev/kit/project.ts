// A user's project on this machine, with a home directory of its own and `stint` typed in it as a real process.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

import { builtCli } from "./built-cli.ts";

const patienceMs = 120_000;
const sdk = join(import.meta.dirname, "../../../../sdk");

/** What a command that ended has written, and its exit code. */
export interface Typed {
  readonly code: number | null;
  readonly out: string;
  readonly notes: string;
}

interface Kubeconfig {
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}

interface DevSettings {
  readonly port?: number;
  readonly args?: readonly string[];
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export class Project implements AsyncDisposable {
  readonly directory: string;
  /** The working directory of every command. */
  readonly folder: string;
  readonly #cli: string;
  readonly #running = new Set<ChildProcess>();

  private constructor(directory: string, cli: string) {
    this.directory = directory;
    this.folder = join(directory, "shop");
    this.#cli = cli;
  }

  /** With these tasks in `src/tasks.ts`. */
  static async open(tasks: string): Promise<Project> {
    const cli = await builtCli();
    const project = new Project(await mkdtemp(join(tmpdir(), "stint-project-")), cli);
    for (const folder of ["home", "tmp", "shop/node_modules/@stint"]) {
      await mkdir(join(project.directory, folder), { recursive: true });
    }
    await symlink(sdk, join(project.folder, "node_modules/@stint/sdk"));
    await project.write("src/tasks.ts", tasks);
    return project;
  }

  async write(file: string, text: string): Promise<void> {
    const path = join(this.folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  /** Of requests to the one server that runs here. */
  async authorization(): Promise<Readonly<Record<string, string>>> {
    const folder = join(this.directory, "home/.stint");
    const [file = ""] = await readdir(folder);
    const { users } = JSON.parse(await readFile(join(folder, file), "utf8")) as Kubeconfig; // as devcluster writes it
    return { authorization: `Bearer ${users[0].user.token}` };
  }

  /** What commands have left in the folder for temporary files, and in the home directory's `.stint`. */
  async leftovers(): Promise<readonly string[]> {
    const home = await readdir(join(this.directory, "home/.stint")).catch(() => []);
    return [...(await readdir(join(this.directory, "tmp"))), ...home];
  }

  /** Input of a task that leaves a mark in the file of its argument: an absolute path, the same for every attempt. */
  markerOf(name: string): string {
    return JSON.stringify([join(this.directory, name)]);
  }

  /** Waits until the file says so; it is written in another process's own time. */
  async until(file: string, pattern: RegExp): Promise<void> {
    while (!pattern.test(await readFile(join(this.folder, file), "utf8"))) await setTimeout(50);
  }

  /** `stint dev` on this port, or on any that is free. */
  dev({ port = 0, args = [], env = {} }: DevSettings = {}): DevProcess {
    return new DevProcess(this.#start([this.#cli, "dev", "--port", String(port), ...args], env));
  }

  /** Types a command against that server, and waits for its end. */
  stint(server: DevProcess, ...args: readonly string[]): Promise<Typed> {
    return this.node(server, this.#cli, "--local", ...args);
  }

  /** Runs Node, whose programs are pointed at that server by the environment. */
  async node(server: DevProcess | undefined, ...args: readonly string[]): Promise<Typed> {
    const local = server ? { STINT_LOCAL_DEV: "1", STINT_LOCAL_DEV_URL: await server.url } : {};
    const child = this.#start(args, local);
    const chunks = { out: "", notes: "" };
    child.stdout?.on("data", (chunk) => (chunks.out += String(chunk)));
    child.stderr?.on("data", (chunk) => (chunks.notes += String(chunk)));
    await once(child, "close");
    return { code: child.exitCode, ...chunks };
  }

  /** Types a command and points it nowhere. */
  typed(...args: readonly string[]): Promise<Typed> {
    return this.node(undefined, this.#cli, ...args);
  }

  #start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn(process.execPath, args, {
      cwd: this.folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        HOME: join(this.directory, "home"),
        TMPDIR: join(this.directory, "tmp"),
        ...environment,
      },
    });
    this.#running.add(child);
    child.once("close", () => this.#running.delete(child));
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [...this.#running].map((child) => once(child, "close"));
    this.#running.forEach((child) => child.kill("SIGKILL"));
    await Promise.all(closed);
    await rm(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

export class DevProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  #isOver = false;
  /** Exit code, or signal. */
  readonly ended: Promise<number | string>;
  /** `http://localhost:<port>`, once it is ready. */
  readonly url: Promise<string>;

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface(stream).on("line", (line) => this.#hear(line));
    }
    this.ended = once(child, "close").then(([code, signal]) => {
      this.#isOver = true;
      this.#waiting.forEach((look) => look());
      return (signal ?? code) as number | string;
    });
    this.url = this.line(/^Stint is ready at (\S+)/).then(([, url = ""]) => url);
    this.url.catch(() => undefined); // a test that never asks is not to fail of it
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get output(): string {
    return this.#lines.join("\n");
  }

  /** How many lines there are so far. */
  get mark(): number {
    return this.#lines.length;
  }

  /** The first line that matches, from the mark on; rejects with all there was if it ends before, or after two minutes. */
  async line(pattern: RegExp, mark = 0): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      for (const line of this.#lines.slice(mark)) {
        const found = pattern.exec(line);
        if (found) return resolve(found);
      }
      if (this.#isOver) reject(new Error(`ended without a line like ${String(pattern)}:\n${this.output}`));
    };
    this.#waiting.add(look);
    look();
    AbortSignal.timeout(patienceMs).addEventListener("abort", () => {
      reject(new Error(`no line like ${String(pattern)} yet:\n${this.output}`));
    });
    return promise.finally(() => this.#waiting.delete(look));
  }

  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<number | string> {
    this.#child.kill(signal);
    return this.ended;
  }

  #hear(line: string): void {
    this.#lines.push(line);
    this.#waiting.forEach((look) => look());
  }
}

/** A port of this machine that somebody listens on until the test is over. */
export async function takenPort(): Promise<{ readonly port: number; readonly release: () => void }> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  return { port: typeof address === "object" && address ? address.port : 0, release: () => server.close() };
}
