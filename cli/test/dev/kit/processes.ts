// Processes of this machine, by their ids.
import { spawnSync } from "node:child_process";
import { setTimeout } from "node:timers/promises";

/** Ids of all that this process has started, and of what these have. */
export function descendantsOf(pid: number): readonly number[] {
  const pairs = ps("-A", "-o", "pid=,ppid=").map((line) => line.split(/\s+/).map(Number));
  const children = Map.groupBy(pairs, ([, parent]) => parent);
  const below = (id: number): number[] => (children.get(id) ?? []).flatMap(([child = 0]) => [child, ...below(child)]);
  return below(pid);
}

/** Waits until none of them lives; gives those that still do after a minute. */
export async function survivorsOf(pids: readonly number[]): Promise<readonly number[]> {
  for (let looks = 0; looks < 600; looks++) {
    if (pids.every((pid) => !isAlive(pid))) return [];
    await setTimeout(100); // processes end in their own time
  }
  return pids.filter(isAlive);
}

/** What `ps` says of a process: its `args`, its `rss` in KiB. Empty if it is gone. */
export function processField(field: "args" | "rss", pid: number): string {
  return ps("-o", `${field}=`, "-p", String(pid)).join("");
}

/** A zombie is dead: whoever inherits it has not looked yet. */
function isAlive(pid: number): boolean {
  return ps("-o", "stat=", "-p", String(pid)).some((state) => !state.startsWith("Z"));
}

function ps(...args: readonly string[]): readonly string[] {
  return spawnSync("ps", args, { encoding: "utf8" })
    .stdout.split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
