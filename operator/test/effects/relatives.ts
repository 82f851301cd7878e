// Runs that stand above and below each other, for tests of what is seen of them.
import { label } from "@stint/crds/labels";
import type { TaskRunStatus } from "@stint/crds/taskrun";

import { withSituation, type Situation } from "../../src/core/status.ts";
import type { ObservedRun } from "../../src/core/world.ts";
import { toObservedRun } from "../../src/effects/reading.ts";
import { taskRuns } from "../../src/effects/resources.ts";
import { namespace, t0 } from "../builders.ts";
import type { FakeCluster } from "../fakes/cluster.ts";

export interface Relative {
  readonly parent?: string;
  readonly root?: string;
  readonly situation?: Situation;
  readonly spec?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly status?: TaskRunStatus;
  readonly endedAt?: string;
}

/** A run whose uid is its name, below another one. */
export function seedRunIn(
  cluster: FakeCluster,
  name: string,
  { parent, root, situation, spec, annotations, labels, status: before = {}, endedAt }: Relative = {},
): ObservedRun {
  const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: parent, uid: parent, controller: true };
  const now = endedAt === undefined ? t0 : new Date(endedAt);
  const status = situation && { ...withSituation(before, situation, { now, generation: 1 }), ...before };
  return toObservedRun(
    cluster.seed(taskRuns, {
      metadata: {
        namespace,
        name,
        uid: name,
        creationTimestamp: t0.toISOString(),
        ...(annotations && { annotations }),
        ...(parent !== undefined && { ownerReferences: [owner] }),
        labels: { ...labels, ...(root !== undefined && { [label.root]: root, [label.rootUid]: root }) },
      },
      spec: { task: "math/square", ...spec },
      ...(status && { status }),
    }),
  );
}
