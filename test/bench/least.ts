// The least that it takes to have a pod's end in a TaskRun: the run is created, its pod as bare as the others', and one status is
// written. Nobody watches, decides or survives anything; the bench does it, which has to know all that anyway. What this costs
// more than bare pods is the price of the objects, and no operator can be quicker.
import { readFileSync } from "node:fs";

import { parse } from "yaml";

import { AnswerError, type Api, type ApiObject } from "./api.ts";
import { until } from "./control-plane.ts";

/** Not stint.dev, whose operator would go to work. */
const group = "bench.stint.dev";
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** With `{namespace}` in it. */
export const leastPath = `/apis/${group}/v1alpha1/namespaces/{namespace}/taskruns`;

export function leastRun(name: string): object {
  const spec = { task: "bench/nothing", input: [], instanceType: "starter" };
  return { apiVersion: `${group}/v1alpha1`, kind: "TaskRun", metadata: { name }, spec };
}

/** The run with the only status that it ever has. */
export function leastEnd(run: ApiObject): object {
  const now = new Date().toISOString();
  const condition = (type: string) => ({
    type,
    status: "True",
    reason: "Completed",
    message: "",
    lastTransitionTime: now,
  });
  return {
    ...run,
    status: { phase: "Succeeded", result: null, conditions: [condition("Finished"), condition("Succeeded")] },
  };
}

interface Definition {
  readonly metadata: object;
  readonly spec: object;
}

/** TaskRuns once more, in a group of their own: the same schema and rules. Answers with what takes them away again. */
export async function installLeast(api: Api): Promise<() => Promise<void>> {
  const source = new URL("../../crds/generated/taskruns.stint.dev.yaml", import.meta.url);
  const { metadata, spec, ...definition } = parse(readFileSync(source, "utf8")) as Definition; // our own file
  const name = `taskruns.${group}`;
  const remove = async (): Promise<void> => {
    if (await api.has(`${definitions}/${name}`)) await api.send("DELETE", `${definitions}/${name}`);
    await until("its definition is gone", async () => !(await api.has(`${definitions}/${name}`)));
  };
  await remove();
  try {
    await api.send("POST", definitions, {
      ...definition,
      metadata: { ...metadata, name },
      spec: {
        ...spec,
        group,
        names: { plural: "taskruns", singular: "taskrun", kind: "TaskRun", listKind: "TaskRunList" },
      },
    });
    await until("its runs can be listed", () => canBeListed(api));
    return remove;
  } catch (error) {
    await remove();
    throw error;
  }
}

async function canBeListed(api: Api): Promise<boolean> {
  try {
    return await api.has(leastPath.replace("{namespace}", "default"));
  } catch (error) {
    if (error instanceof AnswerError && error.status === 429) return false; // its storage is being made
    throw error;
  }
}
