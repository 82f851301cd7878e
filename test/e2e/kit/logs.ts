import { spawn } from "node:child_process";

import { namespace, podsOf } from "./cluster.ts";

export interface Following {
  /** Everything that the container wrote, once it has ended. */
  end(): Promise<string>;
}

/** Follows the log of a run's newest pod: with the pod, its log goes too. */
export async function following(run: string): Promise<Following> {
  const pod = (await podsOf(run)).at(-1)?.metadata?.name;
  const child = spawn("kubectl", ["-n", namespace, "logs", "-f", String(pod)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<string>((resolve) => child.on("close", () => resolve(Buffer.concat(chunks).toString())));
  // kubectl is connected once it has shown the line that every attempt begins with.
  await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  return { end: () => ended };
}
