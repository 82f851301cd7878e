// Child processes of the project's own scripts: run one, say how long it took, show its output where it failed.
import { spawn } from "node:child_process";

export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
}

/** Runs a command to its end with stdout and stderr joined in `output`. Never rejects: a failure is a code. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ran> {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    const end = (code: number, text = ""): void =>
      resolve({ code, output: Buffer.concat(chunks).toString() + text, seconds: (performance.now() - began) / 1000 });
    child.on("error", (error) => end(127, String(error)));
    child.on("close", (code) => end(code ?? 1));
  });
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
