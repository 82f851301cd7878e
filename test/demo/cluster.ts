// What a person does with kubectl, done with a client library: the demo needs nothing that npm does not bring.
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { KubeConfig, type KubernetesObject, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import { label } from "@stint/crds/labels";
import type { TaskRun } from "@stint/crds/taskrun";
import { parseAllDocuments } from "yaml";

import type { Tale } from "./story.ts";

const namespace = "default"; // the client's own, for objects that name none
const apiVersion = "stint.dev/v1alpha1";
const patienceMs = 60_000;

export class DemoCluster {
  readonly #objects: KubernetesObjectApi;

  constructor(kubeconfigFile: string) {
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromFile(kubeconfigFile);
    this.#objects = KubernetesObjectApi.makeApiClient(kubeconfig);
  }

  /** `kubectl apply --server-side -f`. */
  async apply(file: string): Promise<void> {
    for (const document of parseAllDocuments(await readFile(file, "utf8"))) {
      const object = document.toJS() as KubernetesObject; // the API server checks it
      await this.#objects.patch(object, undefined, undefined, "demo", undefined, PatchStrategy.ServerSideApply);
    }
  }

  /** `kubectl patch taskrun --type=merge`. */
  async cancel(run: string): Promise<void> {
    const change = { apiVersion, kind: "TaskRun", metadata: { name: run, namespace }, spec: { cancel: true } };
    await this.#objects.patch(change, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch);
  }

  /** The run and its children, once all of them are finished. */
  ended(run: string): Promise<Tale> {
    return this.#until(`${run} and what it started end`, run, ({ run, children }) =>
      [run, ...children].every(isFinished),
    );
  }

  /** The same, once so many children run. */
  running(run: string, children: number): Promise<Tale> {
    return this.#until(
      `${children} children of ${run} run`,
      run,
      (tale) => tale.children.filter(({ status }) => status?.phase === "Running").length === children,
    );
  }

  async #until(what: string, run: string, isSo: (tale: Tale) => boolean): Promise<Tale> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const tale = await this.#tale(run);
      if (isSo(tale)) return tale;
      if (performance.now() > end) throw new Error(`wait until ${what}: not within ${patienceMs / 1000} s`);
      await sleep(50);
    }
  }

  async #tale(name: string): Promise<Tale> {
    const run = await this.#objects.read({ apiVersion, kind: "TaskRun", metadata: { name, namespace } });
    const none = [undefined, undefined, undefined, undefined] as const;
    const { items } = await this.#objects.list(apiVersion, "TaskRun", namespace, ...none, `${label.parent}=${name}`);
    return { run: run as unknown as TaskRun, children: items as unknown as TaskRun[] }; // our kind, from our API
  }
}

function isFinished({ status }: TaskRun): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Finished" && status === "True") === true;
}
