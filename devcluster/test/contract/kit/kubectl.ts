import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

const cached = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "stint", "bin", "kubectl");
const program = existsSync(cached) ? cached : "kubectl";
const cache = mkdtempSync(join(tmpdir(), "kubectl-"));

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
      if (!error) resolve(stdout);
      else if (error.code === "ENOENT")
        reject(new Error(`no kubectl at ${cached} or on PATH: make cluster-up brings one`));
      else reject(new Error(stderr.trim() || error.message, { cause: error }));
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
