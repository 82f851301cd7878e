// The real kubectl empties a node of ours. Not part of the contract: no real cluster should lose a node to a test.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { kubectl } from "./contract/kit/kubectl.ts";
import { aPod } from "./contract/kit/objects.ts";
import { aFolder, started } from "./started.ts";

test("kubectl drain evicts what runs on a node, and uncordon takes pods again", async () => {
  const images = (image: string) => (image === "local" ? {} : undefined);
  const { cluster } = await started({ nodes: { images } });
  const kubeconfig = join(aFolder(), "kubeconfig");
  writeFileSync(kubeconfig, cluster.kubeconfig);
  const k = (args: string, stdin = ""): Promise<string> =>
    kubectl({ kubeconfig, namespace: "default" }, args.split(" "), { stdin });
  const containers = [{ name: "main", image: "local", command: ["sleep", "600"] }];
  const spec = { nodeSelector: {}, automountServiceAccountToken: false, restartPolicy: "Never", containers };
  const finalizers = ["example.dev/held"]; // so that there is something left to look at
  await k("create -f -", JSON.stringify(aPod({ name: "one", spec, metadata: { finalizers } })));
  await k("wait --for=condition=Ready pod/one --timeout=20s");

  const drained = await k("drain local --force --timeout=5s").catch((error: Error) => error.message);
  const node = await k("get node local --no-headers");
  const pod = JSON.parse(await k("get pod one -o json"));
  await k("uncordon local");

  expect(drained).toContain("default/one");
  expect(node).toMatch(/^local\s+Ready,SchedulingDisabled/);
  expect(pod.status.conditions).toContainEqual(
    expect.objectContaining({ type: "DisruptionTarget", reason: "EvictionByEvictionAPI" }),
  );
  expect(pod.status.containerStatuses[0].state.terminated.exitCode).toBe(143);
  expect(await k("get node local --no-headers")).toMatch(/^local\s+Ready\s/);
});
