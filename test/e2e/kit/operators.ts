// The operators of the real cluster: who leads, where each runs, what it counts.
import { eventually, kubectl, operatorNamespace } from "./cluster.ts";
import { containerOf, signalContainer } from "./nodes.ts";

interface OperatorPod {
  readonly name: string;
  readonly node: string;
  readonly address: string;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly spec: { readonly nodeName: string };
    readonly status: { readonly podIP: string };
  }[];
}

const inNamespace = ["-n", operatorNamespace];
const selector = ["-l", "app.kubernetes.io/name=stint"];

/** Those that are not on their way out. */
export async function operators(): Promise<OperatorPod[]> {
  const { items } = JSON.parse(await kubectl([...inNamespace, "get", "pods", ...selector, "-o", "json"])) as PodList; // the API's
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec, status }) => ({ name: metadata.name, node: spec.nodeName, address: status.podIP }));
}

/** The pod whose process holds the lease. */
export function leader(): Promise<string> {
  const path = ["get", "lease", "stint-operator", "-o", "jsonpath={.spec.holderIdentity}"];
  return eventually(
    "somebody leads",
    async () => (await kubectl([...inNamespace, ...path])).split("_")[0] || undefined,
  );
}

/** Sends a signal to an operator's process. */
export async function signalOperator(pod: string, signal: NodeJS.Signals): Promise<void> {
  await signalContainer(await containerOf(pod, operatorNamespace), signal);
}

/** Until as many operators are ready as there are to be, all of the newest template. */
export async function operatorsReady(): Promise<void> {
  await kubectl([...inNamespace, "rollout", "status", "deployment/stint-operator", "--timeout=120s"]);
}

export async function setOperators(replicas: number): Promise<void> {
  await kubectl([...inNamespace, "scale", "deployment/stint-operator", `--replicas=${replicas}`]);
  if (replicas === 0) await kubectl([...inNamespace, "wait", "--for=delete", "pod", ...selector, "--timeout=60s"]);
  else await operatorsReady();
}

/** Gives new operators a clock that is off by so much, or their node's. */
export async function setClock(offsetMs: number | undefined): Promise<void> {
  const deployment = [...inNamespace, "set", "env", "deployment/stint-operator"];
  await kubectl([...deployment, offsetMs === undefined ? "NODE_OPTIONS-" : `NODE_OPTIONS=--import=${skew(offsetMs)}`]);
}

/** A module that a process loads before all others, as text: the image holds nothing but the operator. */
function skew(offsetMs: number): string {
  const code = `
    const Exact = Date;
    globalThis.Date = class extends Exact {
      constructor(...given) { given.length > 0 ? super(...given) : super(Exact.now() + ${offsetMs}); }
      static now() { return Exact.now() + ${offsetMs}; }
    };`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A counter of one operator; 0 if it has not begun to count. */
export async function operatorMetric(pod: string, { name, labels }: Sample): Promise<number> {
  const text = await kubectl([
    "get",
    "--raw",
    `/api/v1/namespaces/${operatorNamespace}/pods/${pod}:8080/proxy/metrics`,
  ]);
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  const line = text
    .split("\n")
    .find((each) => each.startsWith(`${name}{`) && wanted.every((part) => each.includes(part)));
  return Number(line?.split(" ").at(-1) ?? 0);
}
