// A person at a terminal, in front of a stub of the API server: types a command, reads what it prints, looks at `$?`.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { TaskRun } from "@stint/crds/taskrun";

import { StubApiServer, type StoredRun } from "../../../sdk/test/fakes/api-server.ts";
import type { ExitCode } from "../../src/exit-codes.ts";
import { stint } from "../../src/stint.ts";

export class Shell implements AsyncDisposable {
  readonly server: StubApiServer;
  readonly directory: string;
  /** Lines of stdout, and of stderr, of all commands so far. */
  readonly out: string[] = [];
  readonly notes: string[] = [];
  width = 100;
  nodeVersion = "24.21.0";
  readonly #now = new Date("2027-01-01T00:10:00Z");

  private constructor(server: StubApiServer, directory: string) {
    this.server = server;
    this.directory = directory;
  }

  static async open(): Promise<Shell> {
    const server = await StubApiServer.start();
    const directory = await mkdtemp(join(tmpdir(), "stint-cli-"));
    await writeFile(join(directory, "kubeconfig"), kubeconfig(server.url));
    return new Shell(server, directory);
  }

  /** Puts runs into the cluster as they are. */
  given(...runs: readonly TaskRun[]): void {
    for (const run of runs) {
      this.server.runs.set(run.metadata.name, structuredClone(run) as unknown as StoredRun); // the stub may change its own
    }
  }

  /** Types a command against the stub; its namespace is `team-a`. */
  type(...args: readonly string[]): Promise<ExitCode> {
    return this.typeAnywhere("--kubeconfig", join(this.directory, "kubeconfig"), ...args);
  }

  /** The same without naming a cluster. */
  typeAnywhere(...args: readonly string[]): Promise<ExitCode> {
    return stint(args, {
      name: "stint",
      nodeVersion: this.nodeVersion,
      terminal: {
        print: (text) => void this.out.push(...text.split("\n")),
        note: (text) => void this.notes.push(...text.split("\n")),
        width: this.width,
        style: (_, text) => text,
      },
      now: () => this.#now,
      interrupted: () => AbortSignal.abort(),
      sleep: (_, signal) => {
        signal?.throwIfAborted();
        return Promise.resolve();
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true });
  }
}

/** client-node talks plain HTTP only to a cluster whose certificate it need not check. */
function kubeconfig(url: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    contexts: [
      { name: "here", context: { cluster: "stub", user: "me", namespace: "team-a" } },
      { name: "there", context: { cluster: "stub", user: "me", namespace: "team-b" } },
    ],
    clusters: [{ name: "stub", cluster: { server: url, "insecure-skip-tls-verify": true } }],
    users: [{ name: "me", user: { token: "secret" } }],
  });
}
