// No process of a pod outlives this process, nor do the files of pods, even if it is killed before it can end anything itself.
//
// A shell is told of every process group that begins and ends. It reads from a pipe whose other end this process alone holds:
// when the pipe closes, whatever the reason, it kills the groups that are left and removes their folder. It stands in a
// session of its own, so that the Ctrl-C that ends everything else in a terminal does not end it first.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";

const script = `
trap '' HUP INT TERM
live=' '
while read -r verb group; do
  case $verb in
    begin) live="$live$group " ;;
    end) live="\${live%% $group *} \${live#* $group }" ;;
  esac
done
for group in $live; do kill -9 "-$group"; done 2>/dev/null
rm -rf -- "$1" 2>/dev/null`;

export class Reaper {
  readonly #shell: ChildProcess;
  readonly #pipe: Socket;

  /** `folder` is that of all pods. */
  constructor(folder: string) {
    const words = ["-c", script, "reaper", folder];
    this.#shell = spawn("/bin/sh", words, { detached: true, stdio: ["pipe", "ignore", "ignore"], env: {} });
    this.#pipe = this.#shell.stdin as Socket; // as stdio says
    this.#pipe.on("error", () => undefined); // it has been killed: what it was there for still ends with close()
    this.#shell.unref();
    this.#pipe.unref(); // it waits for this process, not this process for it
  }

  begin(group: number): void {
    this.#pipe.write(`begin ${group}\n`);
  }

  /** The group is dead: its number may be another's from now on. */
  end(group: number): void {
    this.#pipe.write(`end ${group}\n`);
  }

  async close(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const exited = once(this.#shell, "exit");
    this.#shell.ref();
    this.#pipe.end();
    await exited;
  }
}
