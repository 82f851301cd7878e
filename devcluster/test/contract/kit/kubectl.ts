import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll } from "vitest";

import { needKubectl } from "../../../../test/cluster/kubectl.ts";

const program = join(await needKubectl(), "kubectl");
const cache = mkdtempSync(join(tmpdir(), "kubectl-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** Where a kubectl looks unless it is told otherwise. */
interface Place {
  readonly kubeconfig: string;
  readonly namespace: string;
}

export interface KubectlOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What kubectl prints. Rejects with its stderr when it fails. */
export function kubectl(
  place: Place,
  args: readonly string[],
  { stdin = "", env }: KubectlOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
    const child = execFile(program, [...flags(place), ...args], options, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim() || error.message, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.end(stdin);
  });
}

/** A kubectl that goes on, and its lines as they come. Killed when the reader stops. */
export async function* kubectlLines(place: Place, args: readonly string[]): AsyncGenerator<string> {
  const child = spawn(program, [...flags(place), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let begun = "";
  try {
    for await (const chunk of child.stdout) {
      const lines = (begun + String(chunk)).split("\n");
      begun = lines.pop() ?? "";
      yield* lines;
    }
  } finally {
    child.kill();
  }
}

function flags({ kubeconfig, namespace }: Place): readonly string[] {
  return ["--kubeconfig", kubeconfig, "--cache-dir", cache, "-n", namespace];
}
