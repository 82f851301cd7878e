// Valid objects for tests to start from, all of one story: the run `square-4` of task `math/square`, with its first pod
// on `node-1`. A test states only what it is about. What a builder returns is frozen, so a rule that changes its input
// fails, and an override of `undefined` takes a field away.
import type { Report } from "@stint/crds/attempt";
import { canonicalJson } from "@stint/crds/json";
import { sha256Hex } from "@stint/crds/hash";
import type { InstanceTypeSpec } from "@stint/crds/instancetype";
import { apiVersion, type ObjectMeta } from "@stint/crds/kubernetes";
import { component, label, podName, revisionName } from "@stint/crds/labels";
import type { ManifestTask, RevisionData } from "@stint/crds/manifest";
import type { ResolvedSettings } from "@stint/crds/settings";
import type { Attempt } from "@stint/crds/taskrun";

import { withSituation, type Situation } from "../src/core/status.ts";
import type {
  ContainerState,
  NodeState,
  ObservedBundle,
  ObservedInstanceType,
  ObservedRun,
  OwnedPod,
  PodSettings,
  PodStatus,
  ReceivedReport,
  RunStub,
  World,
} from "../src/core/world.ts";

export const t0 = new Date("2026-01-01T00:00:00Z");

/** {@link t0} and some seconds. */
export function after(seconds: number): Date {
  return new Date(t0.getTime() + seconds * 1000);
}

/** {@link after} as Kubernetes writes its own instants: whole seconds. */
export function stamp(seconds: number): string {
  return after(seconds)
    .toISOString()
    .replace(/\.\d+Z$/, "Z");
}

export type Overrides<T> = { readonly [K in keyof T]?: T[K] | undefined };

export const namespace = "team-a";
export const runUid = "0b5e3c1a-7d1f-4a53-9c7e-2f6f6f3f9a01";
export const bundleUid = "9a1d2c3b-4e5f-4a6b-8c7d-0e1f2a3b4c5d";

type RunStatus = NonNullable<ObservedRun["status"]>;

interface RunOverrides {
  readonly metadata?: Overrides<ObjectMeta>;
  readonly spec?: Overrides<ObservedRun["spec"]>;
  readonly input?: ObservedRun["input"];
  readonly status?: Overrides<RunStatus>;
}

/** A run as its creator left it: without a status unless one is given. */
export function aTaskRun(overrides: RunOverrides = {}): ObservedRun {
  return frozen({
    apiVersion,
    kind: "TaskRun",
    metadata: merged(objectMeta("square-4", runUid), overrides.metadata),
    spec: merged<ObservedRun["spec"]>({ task: "math/square" }, overrides.spec),
    input: overrides.input ?? {
      hash: sha256Hex(canonicalJson([4])),
      bytes: 3,
      shape: { kind: "array", length: 1 },
    },
    ...(overrides.status && { status: merged<RunStatus>({}, overrides.status) }),
  });
}

/** A run with its pins and these attempts, in the situation given; without one it is as if its first pod were due. */
export function anAcceptedRun(
  attempts: readonly Attempt[] = [],
  overrides: RunOverrides = {},
  situation: Situation = { kind: "Pending", reason: "Starting" },
): ObservedRun {
  const pins: RunStatus = {
    inputHash: sha256Hex(canonicalJson([4])),
    revision: 1,
    bundleUid,
    resolved: resolvedSettings(),
    instanceType: "standard",
    resources: anInstanceType().spec.resources,
    attempts: [...attempts],
    attemptCount: attempts.at(-1)?.number ?? 0,
    userRetries: 0,
    infrastructureRetries: 0,
  };
  const status = merged(pins, overrides.status);
  return aTaskRun({ ...overrides, status: withSituation(status, situation, { now: t0, generation: 1 }) });
}

/** What is in force when nobody set anything (S78). */
export function resolvedSettings(overrides: Overrides<ResolvedSettings> = {}): ResolvedSettings {
  const defaults: ResolvedSettings = {
    instanceType: "standard",
    timeoutSeconds: 7200,
    gracePeriodSeconds: 10,
    ttlSecondsAfterFinished: 86_400,
    retry: {
      maxRetries: 3,
      waitDurationMs: 1000,
      backoffScaling: 2,
      jitterFactor: 0,
      when: "Always",
      maxInfrastructureRetries: 10,
    },
  };
  return frozen(merged(defaults, overrides));
}

/** The record of a live attempt whose pod is known. */
export function anAttempt(number = 1, overrides: Overrides<Attempt> = {}): Attempt {
  const live: Attempt = {
    number,
    podName: podName({ name: "square-4", uid: runUid }, number),
    podUid: podUid(number),
    instanceType: "standard",
    createdAt: t0.toISOString(),
  };
  return frozen(merged(live, overrides));
}

export function podUid(attempt: number): string {
  return `pod-uid-${attempt}`;
}

type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

interface PodOverrides {
  readonly metadata?: Overrides<ObjectMeta>;
  readonly spec?: Overrides<OwnedPod["spec"]>;
  readonly status?: Overrides<PodStatus>;
  /** State of the task container, in the place of the phase's usual one. */
  readonly container?: ContainerState;
  readonly runningSeenAt?: Date;
}

/** The pod of an attempt of {@link aTaskRun}: scheduled at once, started after 1 s, ended after 5 s. */
export function aPod(attempt = 1, phase: PodPhase = "Running", overrides: PodOverrides = {}): OwnedPod {
  const status: PodStatus = {
    phase,
    startTime: stamp(0),
    conditions: [{ type: "PodScheduled", status: "True", lastTransitionTime: stamp(0) }],
    containerStatuses: [{ name: "task", imageID: "", state: overrides.container ?? usualState[phase] }],
  };
  return frozen({
    apiVersion: "v1",
    kind: "Pod",
    metadata: merged(podMeta(attempt), overrides.metadata),
    spec: merged<OwnedPod["spec"]>({ nodeName: "node-1" }, overrides.spec),
    status: merged(status, overrides.status),
    ...(overrides.runningSeenAt && { runningSeenAt: overrides.runningSeenAt }),
  });
}

const usualState: Readonly<Record<PodPhase, ContainerState>> = {
  Pending: { waiting: { reason: "ContainerCreating" } },
  Running: { running: { startedAt: stamp(1) } },
  Succeeded: { terminated: { exitCode: 0, reason: "Completed", startedAt: stamp(1), finishedAt: stamp(5) } },
  Failed: { terminated: { exitCode: 1, reason: "Error", startedAt: stamp(1), finishedAt: stamp(5) } },
};

function podMeta(attempt: number): ObjectMeta {
  return {
    ...objectMeta(podName({ name: "square-4", uid: runUid }, attempt), podUid(attempt)),
    labels: { [label.component]: component.attempt, [label.run]: "square-4", [label.attempt]: String(attempt) },
    ownerReferences: [
      { apiVersion, kind: "TaskRun", name: "square-4", uid: runUid, controller: true, blockOwnerDeletion: false },
    ],
  };
}

export function aNode(name = "node-1", overrides: Overrides<NodeState> = {}): NodeState {
  return frozen(merged<NodeState>({ name, ready: true, noExecuteTaints: [] }, overrides));
}

export function aBundle(overrides: Overrides<ObservedBundle> = {}): ObservedBundle {
  const bundle: ObservedBundle = {
    metadata: objectMeta("math", bundleUid),
    spec: { source: { inline: "export const square = task('square', (n) => n * n);" } },
    readyRevision: 1,
  };
  return frozen(merged(bundle, overrides));
}

/** A revision made from inline text. */
export function aRevision(overrides: Overrides<RevisionData> = {}): RevisionData {
  const revision: RevisionData = {
    revision: 1,
    bundleUid,
    specHash: sha256Hex("spec"),
    spec: { source: {} },
    manifest: [aManifestTask()],
    codeConfigMap: revisionName({ name: "math", uid: bundleUid }, 1),
  };
  return frozen(merged(revision, overrides));
}

/** A task of one required argument and no settings of its own. */
export function aManifestTask(overrides: Overrides<ManifestTask> = {}): ManifestTask {
  const square: ManifestTask = {
    name: "square",
    kind: "Task",
    functionName: "square",
    tags: [],
    labels: {},
    settings: {},
    signature: { parameters: [{ name: "n", required: true, rest: false }], objectArgument: false },
    sourceHash: sha256Hex("(n) => n * n"),
  };
  return frozen(merged(square, overrides));
}

const sizes: Readonly<Record<string, InstanceTypeSpec["resources"]>> = {
  starter: { cpu: "500m", memory: "512Mi" },
  standard: { cpu: "1", memory: "2Gi" },
  pro: { cpu: "2", memory: "4Gi" },
  "pro-plus": { cpu: "4", memory: "8Gi" },
};

export function anInstanceType(name = "standard", overrides: Overrides<InstanceTypeSpec> = {}): ObservedInstanceType {
  const spec: InstanceTypeSpec = { resources: sizes[name] ?? { cpu: "1", memory: "1Gi" } };
  return frozen({ name, spec: merged(spec, overrides) });
}

/** Instance types by their names, as the world holds them. */
export function instanceTypes(...types: readonly ObservedInstanceType[]): ReadonlyMap<string, ObservedInstanceType> {
  return new Map(types.map((type) => [type.name, type]));
}

/** A parent or a child of {@link aTaskRun}. */
export function aRunStub(name: string, overrides: Overrides<RunStub> = {}): RunStub {
  const stub: RunStub = { metadata: { name, uid: `${name}-uid` }, canceling: false, finished: false };
  return frozen(merged(stub, overrides));
}

export function podSettings(overrides: Overrides<PodSettings> = {}): PodSettings {
  const settings: PodSettings = {
    runnerImage: "registry.example/stint-runner:1",
    imagePullPolicy: "IfNotPresent",
    gatewayAddress: "10.96.0.20:8443",
    gatewayName: "stint-gateway.stint-system.svc",
    gatewayCa: "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n",
  };
  return frozen(merged(settings, overrides));
}

/** A calm world: bundle Ready, four instance types, one node, a gateway ready for an hour, nothing reported. */
export function aWorld(overrides: Overrides<World> = {}): World {
  const world: World = {
    bundle: aBundle(),
    revision: aRevision(),
    instanceTypes: instanceTypes(...Object.keys(sizes).map((name) => anInstanceType(name))),
    nodes: new Map([["node-1", aNode()]]),
    rootFinished: false,
    descendantsFinished: true,
    descendants: [],
    dependentsFinished: true,
    gatewayReadySince: after(-3600),
    taskDefaults: {},
    podSettings: podSettings(),
  };
  return frozen(merged(world, overrides));
}

export function aSuccess(value: Extract<Report, { kind: "succeeded" }>["value"] = 16, submitted?: number): Report {
  return frozen<Report>({
    kind: "succeeded",
    value,
    ...(submitted !== undefined && { submitted }),
    startedAt: stamp(1),
  });
}

type FailureReport = Extract<Report, { kind: "failed" }>;

export function aFailure(overrides: Overrides<FailureReport> = {}): FailureReport {
  const failure: FailureReport = {
    kind: "failed",
    reason: "TaskError",
    error: { name: "TypeError", message: "n is not a number", stack: "TypeError: n is not a number\n    at square" },
    retryable: false,
    startedAt: stamp(1),
  };
  return frozen(merged(failure, overrides));
}

/** A report as the gateway received it from the pod of that attempt. */
export function received(report: Report, attempt = 1): ReceivedReport {
  const { podName: name } = anAttempt(attempt);
  const digest = sha256Hex(JSON.stringify(report));
  return frozen({ podName: name, podUid: podUid(attempt), nodeName: "node-1", report, digest });
}

/** The same value, unchangeable at every depth. The entries of a Map are its only members left open. */
export function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map) for (const member of value.values()) frozen(member);
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}

function objectMeta(name: string, uid: string): ObjectMeta {
  return { name, namespace, uid, resourceVersion: "1", generation: 1, creationTimestamp: stamp(0) };
}

function merged<T extends object>(base: T, overrides: Overrides<T> | undefined): T {
  const all = Object.entries({ ...base, ...overrides }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(all) as T; // a test that takes away a required field wants to see what then happens
}
