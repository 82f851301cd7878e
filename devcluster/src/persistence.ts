// The store in a file, so that a cluster may outlive its process.
import { readFileSync, renameSync, writeFileSync } from "node:fs";

import type { Clock } from "./clock.ts";
import type { Snapshot, Store } from "./store.ts";

const settleMs = 500;

/** The file holds something else, or cannot be written; the message names it. */
export class StateFileError extends Error {
  override readonly name = "StateFileError";
}

/**
 * Reads the file, if there is one, and from then on writes every change to it. Answers what writes the last of them.
 *
 * @throws {StateFileError}
 */
export function keepInFile(store: Store, file: string, clock: Clock): () => void {
  const snapshot = read(file);
  if (snapshot) store.restore(snapshot);
  let isDue = true;
  const write = (): void => {
    if (!isDue) return;
    isDue = false;
    // Beside it first: whoever is killed while writing leaves the old state, not half of the new one.
    // For nobody else to read: Secrets are in it.
    writeFileSync(`${file}.new`, JSON.stringify(store.snapshot()), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  try {
    write(); // where that is impossible it is better known at the start
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StateFileError(`write ${file}: ${why}`, { cause: error });
  }
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
    throw new StateFileError(`read ${file}: it holds no state of a devcluster; name another file or remove it`, {
      cause: error,
    });
  }
}
