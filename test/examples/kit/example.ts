// An example as its reader tries it: deployed and run by the CLI.
import { setTimeout } from "node:timers/promises";

import { ExitCode } from "../../../cli/src/exit-codes.ts";
import { stint } from "../../../cli/src/stint.ts";
import { namespace } from "../../e2e/kit/cluster.ts";
import { prepareNamespace } from "../../e2e/kit/prepare.ts";

/** A new namespace with the example's bundle Ready in it, under the example's name. */
export async function prepareExample(example: string): Promise<void> {
  await prepareNamespace();
  await deploy(example);
}

/** `stint deploy`: the entry point as one module, its ConfigMap, its bundle, and the wait until that is Ready. */
export async function deploy(example: string, entry = "tasks.ts", bundle = example): Promise<void> {
  await type("deploy", `examples/${example}/${entry}`, "--bundle", bundle);
}

/** Types a command in the namespace of the test, and gives what it prints. Rejects with its notes when it fails. */
export async function type(...args: readonly string[]): Promise<string> {
  const out: string[] = [];
  const notes: string[] = [];
  const code = await stint([...args, "-n", namespace], {
    name: "stint",
    nodeVersion: process.versions.node,
    terminal: {
      print: (text) => void out.push(text),
      note: (text) => void notes.push(text),
      width: Infinity,
      style: (_, text) => text,
    },
    now: () => new Date(),
    sleep: (ms, signal) => setTimeout(ms, undefined, signal ? { signal } : {}),
    interrupted: () => new AbortController().signal,
  });
  if (code === ExitCode.Ok) return out.join("\n");
  throw new Error(`stint ${args.join(" ")}: exit code ${code}\n${notes.join("\n")}`);
}
