import type { Api, KubeObject } from "../api.ts";
import type { Pod } from "./pod.ts";

/** There is no runtime for the pod; the message is the event's. */
export class SandboxError extends Error {
  override readonly name = "SandboxError";
}

interface RuntimeClass extends KubeObject {
  readonly handler?: string;
}

/** What every runtime is called by which a pod may ask for its default. */
const known: readonly string[] = ["", "runc"];

/** @throws {SandboxError} for a pod that asks for more isolation than a process of this machine can have. */
export function assertSandbox(api: Api, { spec: { runtimeClassName } }: Pod): void {
  if (runtimeClassName === undefined) return;
  const runtimeClass = api.get<RuntimeClass>("runtimeclasses.node.k8s.io", { name: runtimeClassName });
  const handler = runtimeClass?.handler ?? runtimeClassName;
  if (known.includes(handler)) return;
  const why = `rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "${handler}" is configured`;
  throw new SandboxError(`Failed to create pod sandbox: ${why}`);
}
