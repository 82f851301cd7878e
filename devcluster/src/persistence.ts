// The store in a file, so that a cluster may outlive its process.
import { readFileSync, renameSync, writeFileSync } from "node:fs";

import type { Clock } from "./clock.ts";
import type { Snapshot, Store } from "./store.ts";

const settleMs = 500;

/** Reads the file, if there is one, and from then on writes every change to it. Answers what writes the last of them. */
export function keepInFile(store: Store, file: string, clock: Clock): () => void {
  const snapshot = read(file);
  if (snapshot) store.restore(snapshot);
  let isDue = false;
  const write = (): void => {
    if (!isDue) return;
    isDue = false;
    // Beside it first: whoever is killed while writing leaves the old state, not half of the new one.
    writeFileSync(`${file}.new`, JSON.stringify(store.snapshot()));
    renameSync(`${file}.new`, file);
  };
  store.log.subscribe(() => {
    if (isDue) return;
    isDue = true;
    void clock.sleep(settleMs).then(write);
  });
  return write;
}

function read(file: string): Snapshot | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Snapshot; // nobody else writes it
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new Error(`read ${file}: it holds no state of a devcluster; name another file or remove it`, {
      cause: error,
    });
  }
}
