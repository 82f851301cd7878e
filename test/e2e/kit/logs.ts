import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

import { kubectl, namespace, operatorNamespace, podsOf } from "./cluster.ts";

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

/** What every replica has logged. Beside devcluster the operator is a process and no pod; kit/devcluster.ts keeps its lines. */
export async function operatorLog(): Promise<string> {
  const file = process.env["STINT_OPERATOR_LOG"];
  if (file !== undefined) return readFileSync(file, "utf8");
  const selector = ["-l", "app.kubernetes.io/name=stint", "--tail=-1", "--prefix"];
  return kubectl(["logs", "-n", operatorNamespace, ...selector]).catch(String);
}
