// The processes that are measured, and the flags of those that Kubernetes brings: all of them run on this machine, those of the
// control plane in a container of the test cluster.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { run } from "../shell.ts";
import type { Api } from "./api.ts";
import { type Flags, withFlags } from "./flags.ts";

/** What a process has used so far. */
export interface Usage {
  readonly cpuSeconds: number;
  /** The most memory it had resident since {@link forgetPeaks}. */
  readonly peakMb: number;
}

const components = ["kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"] as const;
type Component = (typeof components)[number];

/** USER_HZ, the same on every Linux. */
const ticksPerSecond = 100;
const commLength = 15;

export class ControlPlane {
  readonly #node: string;

  /** `cluster`: kind's name of it. */
  constructor(cluster: string) {
    this.#node = `${cluster}-control-plane`;
  }

  /** Where its API server is reached without the engine's proxy. */
  async server(): Promise<URL> {
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const { code, output } = await run("docker", ["inspect", "--format", format, this.#node]);
    if (code !== 0) throw new Error(`docker inspect: ${output}`);
    return new URL(`https://${output.trim()}:6443`);
  }

  async usage(): Promise<Readonly<Record<Component, Usage>>> {
    const output = await this.#sh(forEach('echo "$comm" $(cat $p/stat) $(grep VmHWM $p/status)'));
    const lines = output.trim().split("\n");
    const usageOf = (component: Component): Usage => {
      const line = lines.find((text) => text.startsWith(`${component.slice(0, commLength)} `));
      if (line === undefined) throw new Error(`no process of ${component} in ${this.#node}`);
      return readUsage(line, line);
    };
    return Object.fromEntries(components.map((component) => [component, usageOf(component)])) as Awaited<
      ReturnType<ControlPlane["usage"]>
    >; // fromEntries forgets the names
  }

  async forgetPeaks(): Promise<void> {
    await this.#sh(forEach("echo 5 >$p/clear_refs"));
  }

  /** Restarts a component with these flags of the bench's and waits until it leads again. A no-op if it has them. */
  async setFlags(component: "kube-controller-manager" | "kube-scheduler", flags: Flags, api: Api): Promise<void> {
    const file = `/etc/kubernetes/manifests/${component}.yaml`;
    const before = await this.#sh(`cat ${file}`);
    const after = withFlags(before, component, flags);
    if (after === before) return;
    const lease = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${component}`;
    const { spec: { holderIdentity } = {} } = await api.send("GET", lease);
    // Under another name first: the kubelet takes whatever it finds in the folder, half a file too.
    await this.#sh(`cat >/etc/kubernetes/${component}.bench && mv /etc/kubernetes/${component}.bench ${file}`, after);
    await until(`${component} leads with other flags`, async () => {
      const now = await api.send("GET", lease);
      return now.spec?.holderIdentity !== "" && now.spec?.holderIdentity !== holderIdentity;
    });
  }

  async #sh(script: string, stdin = ""): Promise<string> {
    const child = spawn("docker", ["exec", "--interactive", this.#node, "sh", "-c", script]);
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stdin.end(stdin);
    const [code] = (await once(child, "close")) as [number | null];
    const output = Buffer.concat(chunks).toString();
    if (code !== 0) throw new Error(`docker exec ${this.#node}: ${script}: ${output}`);
    return output;
  }
}

/** Of a process outside containers. */
export function usageOf(pid: number): Usage {
  return readUsage(readFileSync(`/proc/${pid}/stat`, "utf8"), readFileSync(`/proc/${pid}/status`, "utf8"));
}

export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

export async function until(what: string, holds: () => Promise<boolean>, timeoutMs = 180_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await sleep(200);
  }
}

/** A script that does something for every process of the control plane, `$p` its folder in /proc. */
function forEach(action: string): string {
  const names = components.map((component) => component.slice(0, commLength)).join("|");
  return `for p in /proc/[0-9]*; do comm=$(cat $p/comm 2>/dev/null); case "$comm" in ${names}) ${action};; esac; done`;
}

function readUsage(stat: string, status: string): Usage {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // a name may hold anything, so count from its end
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  const peakKb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]);
  return { cpuSeconds: (userTicks + systemTicks) / ticksPerSecond, peakMb: peakKb / 1024 };
}
