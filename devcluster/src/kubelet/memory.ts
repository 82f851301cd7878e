// How much memory the programs of a container hold.
//
// Counted is what no other program shares: the pages of a binary or a library belong to a machine's page cache, which no
// container of a real node dies of.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const pageBytes = 4096; // of Linux on x86-64, and of most arm64 kernels

/** Bytes by process group, of all processes of this machine that can be read. */
export function memoryByGroup(): ReadonlyMap<number, number> {
  return process.platform === "linux" ? fromProc() : fromPs();
}

/**
 * Bytes of these processes alone, which costs next to nothing: the first one of a group is nearly always all of it. Empty where
 * a machine has no such quick answer.
 */
export function memoryOf(pids: readonly number[]): ReadonlyMap<number, number> {
  if (process.platform !== "linux") return new Map();
  return new Map(
    pids.map((pid) => {
      try {
        return [pid, bytesOf(String(pid))];
      } catch {
        return [pid, 0]; // it has ended meanwhile
      }
    }),
  );
}

function bytesOf(pid: string): number {
  const [, resident = 0, shared = 0] = readFileSync(`/proc/${pid}/statm`, "latin1").split(" ").map(Number);
  return (resident - shared) * pageBytes;
}

function fromProc(): ReadonlyMap<number, number> {
  const sizes = new Map<number, number>();
  for (const pid of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(pid)) continue;
    try {
      // The name, in parentheses, may hold anything. After it come state, parent and group.
      const group = Number(
        readFileSync(`/proc/${pid}/stat`, "latin1")
          .replace(/^.*\) /s, "")
          .split(" ")[2],
      );
      sizes.set(group, (sizes.get(group) ?? 0) + bytesOf(pid));
    } catch {
      continue; // it has ended meanwhile
    }
  }
  return sizes;
}

function fromPs(): ReadonlyMap<number, number> {
  const sizes = new Map<number, number>();
  const lines = execFileSync("ps", ["-A", "-o", "pgid=,rss="], { encoding: "latin1" }).split("\n");
  for (const line of lines) {
    const [group = 0, kibibytes = 0] = line.trim().split(/\s+/).map(Number);
    sizes.set(group, (sizes.get(group) ?? 0) + kibibytes * 1024);
  }
  return sizes;
}
