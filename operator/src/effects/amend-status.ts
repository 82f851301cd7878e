import type { TaskRunStatus } from "@stint/crds/taskrun";

import type { ObservedRun } from "../core/world.ts";
import type { ApplyDeps } from "./apply.ts";
import { taskRuns } from "./resources.ts";

/**
 * Changes what is no part of a run's outcome. The rest of the status is read live and written back: of a finished run the
 * cache keeps next to nothing, and no result.
 *
 * Throws ApiError `conflict` when the run has changed meanwhile: look again.
 */
export async function amendStatus(
  { cluster, writes }: ApplyDeps,
  { metadata: { namespace = "", name, uid } }: ObservedRun,
  amended: (status: TaskRunStatus) => TaskRunStatus,
): Promise<void> {
  const { metadata, status = {} } = await cluster.get(taskRuns, { namespace, name });
  if (metadata.uid !== uid) return; // a namesake
  const written = await cluster.replaceStatus(taskRuns, metadata, amended(status));
  writes.wroteRun(metadata, written.metadata.resourceVersion);
}
