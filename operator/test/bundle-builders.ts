// Valid objects for tests about bundles, all of one story: the bundle `math`, whose task `square` is written inline. What
// builders.ts says of its builders holds for these.
import { RegistrationState } from "@stint/crds/conditions";
import { apiVersion, type ObjectMeta } from "@stint/crds/kubernetes";
import { component, label, registrationPodName, revisionName } from "@stint/crds/labels";
import type { Manifest, RevisionData } from "@stint/crds/manifest";
import type { Registering, TaskBundle, TaskBundleSpec, TaskBundleStatus } from "@stint/crds/taskbundle";

import type { BundleWorld, ObservedRevision, ReceivedManifest } from "../src/core/bundle-world.ts";
import { hashOfSpec } from "../src/core/revision.ts";
import type { ContainerState, OwnedPod, PodStatus } from "../src/core/world.ts";
import {
  aManifestTask,
  aNode,
  anInstanceType,
  aRevision,
  bundleUid,
  frozen,
  instanceTypes,
  namespace,
  podSettings,
  stamp,
  t0,
  type Overrides,
} from "./builders.ts";

const bundle = { name: "math", uid: bundleUid };

export const inlineSource = 'import { task } from "@stint/sdk";\nexport const square = task("square", (n) => n * n);\n';

interface BundleOverrides {
  readonly metadata?: Overrides<ObjectMeta>;
  readonly spec?: Partial<TaskBundleSpec>;
  readonly status?: TaskBundleStatus;
}

/** A bundle as it was applied: without a status unless one is given. */
export function aTaskBundle({ metadata, spec, status }: BundleOverrides = {}): TaskBundle {
  const meta = { ...bundle, namespace, resourceVersion: "1", generation: 1, creationTimestamp: stamp(0), ...metadata };
  return frozen({
    apiVersion,
    kind: "TaskBundle",
    metadata: meta as ObjectMeta, // an override of `undefined` is for a test that wants to see what then happens
    spec: { source: { inline: inlineSource }, ...spec },
    ...(status && { status }),
  });
}

/** Identifies the spec of {@link aTaskBundle}. */
export const specHash = hashOfSpec(aTaskBundle().spec);

export function isReady(
  status: "True" | "False" | "Unknown",
  reason: string,
  message = "",
): TaskBundleStatus["conditions"] {
  return [{ type: "Ready", status, reason, message, lastTransitionTime: t0.toISOString() }];
}

/** The first attempt at revision 1, whose pod is not known yet. */
export function aRegistration(overrides: Partial<Registering> = {}): Registering {
  const { revision = 1, attempt = 1 } = overrides;
  return frozen({
    revision,
    generation: 1,
    specHash,
    state: RegistrationState.Created,
    attempt,
    podName: registrationPodName(bundle, revision, attempt),
    ...overrides,
  });
}

/** The same with its pod running. */
export function aKnownRegistration(overrides: Partial<Registering> = {}): Registering {
  const { revision = 1, attempt = 1 } = overrides;
  const podUid = registrationPodUid(revision, attempt);
  return aRegistration({ state: RegistrationState.Registering, podUid, ...overrides });
}

/** The status while a first revision registers. */
export function isRegistering(registering: Registering, overrides: TaskBundleStatus = {}): TaskBundleStatus {
  return frozen({
    conditions: isReady("Unknown", "Registering", `revision ${registering.revision} is registering`),
    lastRevision: registering.revision,
    registering,
    ...overrides,
  });
}

/** The status while revision 1 is Ready, of this spec unless another hash is given. */
export function serves(overrides: TaskBundleStatus = {}): TaskBundleStatus {
  return frozen({
    conditions: isReady("True", "Registered"),
    revision: 1,
    specHash,
    lastRevision: 1,
    tasks: [{ name: "square", kind: "Task" }],
    ...overrides,
  });
}

function registrationPodUid(revision = 1, attempt = 1): string {
  return `registration-${revision}-${attempt}`;
}

interface PodOverrides {
  readonly revision?: number;
  readonly attempt?: number;
  readonly metadata?: Overrides<ObjectMeta>;
  readonly status?: PodStatus;
  /** State of the task container, in the place of running since 1 s. */
  readonly container?: ContainerState;
  readonly imageId?: string;
}

/** A registration pod on `node-1`, running unless its container says otherwise. */
export function aRegistrationPod(overrides: PodOverrides = {}): OwnedPod {
  const { revision = 1, attempt = 1, metadata, status, container, imageId = "" } = overrides;
  const state = container ?? { running: { startedAt: stamp(1) } };
  return frozen({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: registrationPodName(bundle, revision, attempt),
      namespace,
      uid: registrationPodUid(revision, attempt),
      resourceVersion: "1",
      creationTimestamp: stamp(0),
      labels: {
        [label.component]: component.registration,
        [label.bundle]: bundle.name,
        [label.revision]: String(revision),
        [label.attempt]: String(attempt),
      },
      ownerReferences: [{ apiVersion, kind: "TaskBundle", ...bundle, controller: true, blockOwnerDeletion: false }],
      ...metadata,
    } as ObjectMeta, // see aTaskBundle
    spec: { nodeName: "node-1" },
    status: {
      phase: state.terminated ? "Failed" : state.running ? "Running" : "Pending",
      startTime: stamp(0),
      conditions: [{ type: "PodScheduled", status: "True", lastTransitionTime: stamp(0) }],
      containerStatuses: [{ name: "task", imageID: imageId, state }],
      ...status,
    },
  });
}

/** The ControllerRevision of a revision, with the manifest of {@link posted}. */
export function anObservedRevision(revision = 1, overrides: Overrides<RevisionData> = {}): ObservedRevision {
  const name = revisionName(bundle, revision);
  const data = aRevision({ revision, specHash, manifest: [aManifestTask()], codeConfigMap: name, ...overrides });
  return frozen({ name, uid: `${name}-uid`, data });
}

export function revisions(...observed: readonly ObservedRevision[]): ReadonlyMap<number, ObservedRevision> {
  return new Map(observed.map((one) => [one.data.revision, one]));
}

/** What the pod of that attempt posted. */
export function posted(manifest: Manifest = [aManifestTask()], { revision = 1, attempt = 1 } = {}): ReceivedManifest {
  const podName = registrationPodName(bundle, revision, attempt);
  return frozen({ podName, podUid: registrationPodUid(revision, attempt), manifest });
}

/** A calm world: no pods and no revisions yet, the source at hand, a gateway ready for an hour. */
export function aBundleWorld(overrides: Partial<BundleWorld> = {}): BundleWorld {
  return frozen({
    pods: [],
    revisions: new Map(),
    revisionsInUse: new Set<number>(),
    source: { kind: "code", code: inlineSource },
    instanceTypes: instanceTypes(anInstanceType("starter"), anInstanceType("standard")),
    nodes: new Map([["node-1", aNode()]]),
    gatewayReadySince: new Date(t0.getTime() - 3_600_000),
    podSettings: podSettings(),
    ...overrides,
  });
}
