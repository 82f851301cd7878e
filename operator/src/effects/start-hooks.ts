// Starts the runs that a task's hooks ask for, and then forgets them: in this order, so that none is lost (S106).
import { EventReason } from "@stint/crds/conditions";
import { apiVersion } from "@stint/crds/kubernetes";
import { label, parseTaskReference } from "@stint/crds/labels";
import type { DueHook, TaskRunStatus } from "@stint/crds/taskrun";

import type { ObservedRun, Refusal } from "../core/world.ts";
import { isApiError } from "../errors.ts";
import { amendStatus } from "./amend-status.ts";
import type { ApplyDeps } from "./apply.ts";
import type { Cluster } from "./cluster.ts";
import { refusalOf } from "./create-owned.ts";
import { taskRuns } from "./resources.ts";

/** What the API server will refuse again is told by an event, and forgotten; what it may take later is left for a later look. */
export async function startHooks(deps: ApplyDeps, run: ObservedRun, hooks: readonly DueHook[]): Promise<undefined> {
  const settled = new Set<string>();
  for (const hook of hooks) {
    const refusal = await start(deps.cluster, run, hook);
    await deps.point("after-action");
    if (refusal?.kind === "rejected") {
      const note = `hook ${hook.task} was not started: ${refusal.message}`;
      deps.recorder.record(run, { type: "Warning", reason: EventReason.HookNotStarted, note });
    }
    if (!refusal || refusal.kind === "rejected") settled.add(hook.name);
  }
  if (settled.size > 0) await amendStatus(deps, run, (status) => withoutHooks(status, settled));
}

/** A run of that name is the one of an earlier try: the name follows from the occasion. */
async function start(
  cluster: Cluster,
  { metadata }: ObservedRun,
  { name, task, event }: DueHook,
): Promise<Refusal | undefined> {
  const bundle = parseTaskReference(task)?.bundle ?? "";
  const body = { apiVersion, metadata: { name, labels: { [label.bundle]: bundle } }, spec: { task, input: [event] } };
  try {
    await cluster.create(taskRuns, metadata.namespace, body);
    return undefined;
  } catch (error) {
    if (isApiError(error, "alreadyExists")) return undefined;
    const refusal = refusalOf(error);
    if (refusal) return refusal;
    throw error;
  }
}

function withoutHooks({ hooks = [], ...others }: TaskRunStatus, settled: ReadonlySet<string>): TaskRunStatus {
  const left = hooks.filter(({ name }) => !settled.has(name));
  return left.length === 0 ? others : { ...others, hooks: left };
}
