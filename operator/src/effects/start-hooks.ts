// Starts the runs that a task's hooks ask for, and then forgets them: in this order, so that none is lost (S106).
import { EventReason } from "@stint/crds/conditions";
import { apiVersion } from "@stint/crds/kubernetes";
import { label, parseTaskReference } from "@stint/crds/labels";
import type { DueHook } from "@stint/crds/taskrun";

import type { ObservedRun, Refusal } from "../core/world.ts";
import { isApiError } from "../errors.ts";
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
  if (settled.size > 0) await forget(deps, run, settled);
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

/** The rest of the status is read live: of a finished run the cache keeps next to nothing. */
async function forget(
  { cluster, writes }: ApplyDeps,
  { metadata: { namespace = "", name, uid } }: ObservedRun,
  settled: ReadonlySet<string>,
): Promise<void> {
  const { metadata, status = {} } = await cluster.get(taskRuns, { namespace, name });
  if (metadata.uid !== uid) return; // a namesake
  const { hooks = [], ...others } = status;
  const left = hooks.filter((hook) => !settled.has(hook.name));
  const written = await cluster.replaceStatus(
    taskRuns,
    metadata,
    left.length === 0 ? others : { ...others, hooks: left },
  );
  writes.wroteRun(metadata, written.metadata.resourceVersion);
}
