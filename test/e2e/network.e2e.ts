// The chart's NetworkPolicies, obeyed: whom an attempt reaches, and who reaches it. Runs of one namespace, all on the worker, and
// neighbors of theirs on the other node. Each test asks for what it forbids and for what it leaves open.
import { afterAll, beforeAll, describe, expect } from "vitest";

import { rendered } from "../chart/kit/helm.ts";
import { createRun, finished, isOnDevcluster, kubectl, namespace } from "./kit/cluster.ts";
import { enforceNetworkPolicies } from "./kit/network-policies.ts";
import { controlPlane, onNode, worker } from "./kit/nodes.ts";
import { addBundle, prepareNamespace } from "./kit/prepare.ts";
import { testOnRealCluster } from "./kit/scenario.ts";

type Outcome = "answers" | "silent" | "refuses";

const plugin = "a network of its own for each pod, and nodes";
const neighbors = `${namespace}-neighbors`;
const cloud = "169.254.169.254";
/** Of the node that plays the cloud; any port that answers will do, since the policy speaks of the address. */
const kubelet = 10_250;
const port = 8_080;
/** Nobody is there, which a packet that arrives is told. */
const dns = 53;

const undo: (() => Promise<unknown>)[] = [];
/** Whom an attempt might want to reach, as `host:port`. */
let neighbor: string;
let neighborsDns: string;
let apiServer: string;
const cloudMetadata = `${cloud}:${kubelet}`;

beforeAll(async () => {
  if (isOnDevcluster) return;
  await prepareNamespace();
  await kubectl(["delete", "namespace", neighbors, "--ignore-not-found"]); // of an earlier run, with --keep
  await kubectl(["create", "namespace", neighbors]);
  undo.push(() => kubectl(["delete", "namespace", neighbors, "--wait=false"]));
  await addBundle("network", "network.ts", onlyOn(worker));
  await addBundle("network", "network.ts", onlyOn(controlPlane), neighbors);
  const address = await addressOfListener(neighbors, "neighbor");
  neighbor = `${address}:${port}`;
  neighborsDns = `${address}:${dns}`;
  const ofNode = "jsonpath={.status.addresses[?(@.type=='InternalIP')].address}";
  const node = await kubectl(["get", "node", controlPlane, "-o", ofNode]);
  apiServer = `${node}:6443`;
  undo.push(() => onNode(controlPlane, `ip address delete ${cloud}/32 dev lo`));
  await onNode(controlPlane, `ip address replace ${cloud}/32 dev lo`);
  undo.push(() => onNode(worker, `ip route delete ${cloud}/32`));
  await onNode(worker, `ip route replace ${cloud}/32 via ${node}`);
  undo.push(await enforceNetworkPolicies());
});

afterAll(async () => {
  const failures: unknown[] = [];
  for (const step of undo.toReversed()) await step().catch((error: unknown) => failures.push(error));
  expect(failures).toEqual([]);
});

describe("an attempt's network (S297)", () => {
  testOnRealCluster(plugin, "without a policy is open both ways", async () => {
    const listener = `${await addressOfListener(namespace, "unprotected")}:${port}`;

    await tried(namespace, "tries-all", {
      [neighbor]: "answers",
      [neighborsDns]: "refuses",
      [apiServer]: "answers",
      [cloudMetadata]: "answers",
    });
    await tried(neighbors, "tries-unprotected", { [listener]: "answers" });
  });

  testOnRealCluster(plugin, "is closed to others, and open to all but the cloud's metadata", async () => {
    await applyPolicies({ strict: false });
    const listener = `${await addressOfListener(namespace, "protected")}:${port}`;

    await tried(neighbors, "tries-protected", { [listener]: "silent", [neighbor]: "answers" });
    await tried(namespace, "tries-out", {
      [cloudMetadata]: "silent",
      [neighbor]: "answers",
      [neighborsDns]: "refuses",
      [apiServer]: "answers",
    });
  });

  testOnRealCluster(plugin, "strictly has the gateway, which takes this very result, and DNS", async () => {
    await applyPolicies({ strict: true });

    await tried(namespace, "tries-strictly", {
      [cloudMetadata]: "silent",
      [neighbor]: "silent",
      [apiServer]: "silent",
      [neighborsDns]: "refuses",
    });
  });
});

function onlyOn(node: string): Record<string, unknown> {
  return { podTemplate: { spec: { nodeSelector: { "kubernetes.io/hostname": node } } } };
}

async function applyPolicies(network: { readonly strict: boolean }): Promise<void> {
  const items = await rendered("NetworkPolicy", { runNamespaces: [namespace], network });
  await kubectl(["apply", "-f", "-"], { stdin: JSON.stringify({ apiVersion: "v1", kind: "List", items }) });
}

/** Starts a run that takes whoever connects to its port. */
async function addressOfListener(space: string, name: string): Promise<string> {
  await createRun(name, { task: "network/listens", input: [port] }, space);
  const inSpace = ["-n", space];
  await kubectl([...inSpace, "wait", "--for=condition=Running", `taskrun/${name}`, "--timeout=60s"]);
  return kubectl([...inSpace, "get", "pods", "-l", `stint.dev/run=${name}`, "-o", "jsonpath={.items[0].status.podIP}"]);
}

/** Expects this to come of it when a run connects to them. */
async function tried(space: string, name: string, expected: Readonly<Record<string, Outcome>>): Promise<void> {
  await createRun(name, { task: "network/tries", input: [expected] }, space);
  const { status } = await finished(name, 120, space);
  expect(status?.result).toEqual(expected);
}
