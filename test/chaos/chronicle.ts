// Writes the history of a seed while it happens, from the side: past the faults, and past the operators.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { TaskRun } from "@stint/crds/taskrun";
import type { Devcluster } from "@stint/devcluster";

import { type Entry, isEnded, isFinished, type Pod, type Seen } from "./history.ts";

/** A file to which attempts' processes write what only they know. */
export class Ledger {
  /** Folder of the file, to be given to pods. */
  readonly folder = mkdtempSync(join(tmpdir(), "stint-chaos-"));
  readonly #file = join(this.folder, "ledger.jsonl");

  constructor() {
    writeFileSync(this.#file, "");
  }

  entries(): readonly Entry[] {
    const lines = readFileSync(this.#file, "utf8").split("\n");
    return lines.filter(Boolean).map((line) => JSON.parse(line) as Entry); // as witness.cjs writes it
  }
}

export class Chronicle {
  readonly changes: Seen[] = [];
  readonly runs = new Map<string, TaskRun>();
  readonly pods = new Map<string, Pod>();
  readonly #stops: readonly (() => void)[];

  constructor({ api }: Devcluster) {
    type Change = { readonly type: Seen["type"]; readonly object: unknown };
    const note = (kind: Seen["kind"]) => (change: Change) => {
      const seen = { kind, atMs: Date.now(), ...change } as Seen; // what the resource holds
      this.changes.push(seen);
      this.#keep(seen);
    };
    this.#stops = [
      api.watch("nodes", note("node")),
      api.watch("taskruns.stint.dev", note("run")),
      api.watch("pods", note("pod")),
    ];
  }

  /** Whether all runs are terminal, none has a hook to start, and no pod works any more. */
  get isSettled(): boolean {
    const isOver = (run: TaskRun): boolean => isFinished(run) && run.status?.hooks === undefined;
    return [...this.runs.values()].every(isOver) && [...this.pods.values()].every(isEnded);
  }

  stop(): void {
    this.#stops.forEach((stop) => stop());
  }

  #keep({ kind, type, object }: Seen): void {
    if (kind === "node") return;
    const { name } = object.metadata;
    if (type === "DELETED") (kind === "run" ? this.runs : this.pods).delete(name);
    else if (kind === "run") this.runs.set(name, object);
    else this.pods.set(name, object);
  }
}
