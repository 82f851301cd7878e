// Who makes the nodes of the test cluster obey NetworkPolicies, since the pods' network of our own nodes does not know them:
// kube-network-policies, of Kubernetes' own network group, built by test/cluster/network-policies.sh.
import { run } from "../../shell.ts";
import { kubectl } from "./cluster.ts";
import { controlPlane, docker, onNode, worker } from "./nodes.ts";

const program = "kube-network-policies";
const path = `/usr/local/bin/${program}`;
const nodes = [controlPlane, worker];
const podNetwork = "10.244.0.0/16";
const queue = 100;

/** Has all nodes obey NetworkPolicies. Answers with what ends that again. */
export async function enforceNetworkPolicies(): Promise<() => Promise<void>> {
  const { code, output } = await run("bash", ["-c", `realpath "$(command -v ${program})"`]);
  if (code !== 0) throw new Error(`there is no ${program}: test/cluster/network-policies.sh builds it`);
  await Promise.all(nodes.map((node) => docker("cp", output.trim(), `${node}:${path}`)));
  await kubectl([...inKubeSystem, "apply", "-f", "-"], { stdin: manifest });
  await kubectl([...inKubeSystem, "rollout", "status", `daemonset/${program}`, "--timeout=120s"]);
  await Promise.all(nodes.map((node) => onNode(node, handOver("--append"))));
  return async () => {
    await Promise.all(nodes.map((node) => onNode(node, handOver("--delete"))));
    await kubectl([...inKubeSystem, "delete", "-f", "-"], { stdin: manifest });
    await Promise.all(nodes.map((node) => onNode(node, `nft delete table inet ${program} || true; rm ${path}`)));
  };
}

/**
 * The command that has a node ask the program about each new connection of a pod. It would do so itself by nftables, but not every
 * kernel's nftables has `queue`. Before the addresses of pods are exchanged for those of nodes; nobody's answer is a yes.
 */
function handOver(verb: "--append" | "--delete"): string {
  const asked = `--match conntrack --ctstate NEW --jump NFQUEUE --queue-num ${queue} --queue-bypass`;
  const rule = (side: string): string => `iptables --table mangle ${verb} POSTROUTING ${side} ${podNetwork} ${asked}`;
  return [rule("--source"), rule("--destination")].join("; ");
}

const namespace = "kube-system";
const inKubeSystem = ["-n", namespace];
const metadata = { name: program, namespace };

const daemonSet = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata,
  spec: {
    selector: { matchLabels: { app: program } },
    template: {
      metadata: { labels: { app: program } },
      spec: {
        hostNetwork: true,
        serviceAccountName: program,
        tolerations: [{ operator: "Exists" }],
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: program,
            image: process.env["STINT_TEST_IMAGE"],
            imagePullPolicy: "IfNotPresent",
            command: [
              path,
              "--disable-nri",
              `--nfqueue-id=${queue}`,
              "--metrics-bind-address=127.0.0.1:0",
              "--hostname-override=$(NODE)",
            ],
            env: [{ name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
            securityContext: { privileged: true },
            volumeMounts: [{ name: "program", mountPath: path, readOnly: true }],
          },
        ],
        volumes: [{ name: "program", hostPath: { path, type: "File" } }],
      },
    },
  },
};

const reading = ["list", "watch"];
const rules = [
  { apiGroups: [""], resources: ["pods", "namespaces"], verbs: reading },
  { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: reading },
];
const rbac = "rbac.authorization.k8s.io";
const manifest = JSON.stringify({
  apiVersion: "v1",
  kind: "List",
  items: [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name: program }, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: program },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: program },
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
    daemonSet,
  ],
});
