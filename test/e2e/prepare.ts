// From nothing to an installed operator: the cluster, the images, the chart. `make e2e` and `make demo` begin with it.
import { spawn } from "node:child_process";

import { run } from "../shell.ts";
import { buildAndLoadImages, type Images } from "./images.ts";
import { instanceTypes } from "./kit/instance-types.ts";
import { step } from "./kit/steps.ts";

export interface Prepared {
  /** With KUBECONFIG, PATH and all that reaches the cluster. */
  readonly env: NodeJS.ProcessEnv;
  readonly images: Images;
}

export async function prepare(): Promise<Prepared> {
  await clusterUp();
  const env = await clusterEnvironment();
  const images = await buildAndLoadImages(env);
  await install(images, env);
  return { env, images };
}

/** Its progress is shown as it goes: the first time it builds a Kubernetes. */
async function clusterUp(): Promise<void> {
  const child = spawn("bash", ["test/cluster/up.sh"], { stdio: "inherit" });
  const code = await new Promise<number>((resolve) => child.on("close", (ended) => resolve(ended ?? 1)));
  if (code !== 0) throw new Error("the test cluster did not come up; what it lacks is said above");
}

/** What `eval "$(test/cluster/env.sh)"` would set. */
async function clusterEnvironment(): Promise<NodeJS.ProcessEnv> {
  const { output } = await run("bash", ["-c", 'eval "$(test/cluster/env.sh)" && env -0']);
  const entries = output
    .split("\0")
    .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const);
  return Object.fromEntries(entries.filter(([key]) => key !== ""));
}

async function install({ operator, runner }: Images, env: NodeJS.ProcessEnv): Promise<void> {
  const sizes = instanceTypes.flatMap(({ name, cpu, memory }) => [
    `instanceTypes.${name}.resources.cpu=${cpu}`,
    `instanceTypes.${name}.resources.memory=${memory}`,
  ]);
  const values = [
    `image.operator=${operator}`,
    `image.runner=${runner}`,
    "operator.resources.requests.cpu=50m",
    ...sizes,
  ];
  const args = [
    "upgrade",
    "--install",
    "stint",
    "helm",
    "--namespace",
    "stint-system",
    "--create-namespace",
    "--wait",
    "--timeout",
    "180s",
  ];
  await step(
    "install the CRDs as they are now",
    "kubectl",
    ["apply", "--server-side", "--force-conflicts", "-f", "crds/generated"],
    env,
  );
  await step("helm install", "helm", [...args, ...values.flatMap((value) => ["--set-string", value])], env);
}
