// The pod of an attempt, and the pod that registers a revision. Bare pods, so that retries have one owner.
//
//   P1. A pod has no power: no Kubernetes token, no privilege, one token of our audience, which the API server refuses.
//   P2. Its name follows from its owner's uid and the attempt, so a repeated create cannot make a second one (S98).
//   P3. What users add only adds: where both say something, ours or the instance type's holds (S60, S291).
//   P4. It ends by itself: the kubelet enforces the pod's own bound while the operator is down (S68).
import type { RunnerMode } from "@stint/crds/attempt";
import type { InstanceTypeSpec } from "@stint/crds/instancetype";
import { apiVersion, type ObjectMeta, type OwnerReference } from "@stint/crds/kubernetes";
import { component, label, parseTaskReference, revisionName, traceparentOf } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import type { RevisionData } from "@stint/crds/manifest";
import type { ResolvedSettings } from "@stint/crds/settings";
import type { Registering, TaskBundle, TaskBundleSpec } from "@stint/crds/taskbundle";
import type { Attempt, Resources } from "@stint/crds/taskrun";

import { podVolumes, taskContainer } from "./container.ts";
import { templateFields, templateList, templateObject } from "./pod-template.ts";
import type { ObservedRun, PodBody, PodSettings } from "./world.ts";

/** What an attempt is made from besides its run: pinned, but for the placement of the instance type. */
export interface AttemptPins {
  readonly revision: RevisionData;
  readonly resolved: Pick<ResolvedSettings, "timeoutSeconds" | "startTimeoutSeconds" | "gracePeriodSeconds">;
  readonly resources: Resources;
  /** Of the task (S20). */
  readonly labels: Readonly<Record<string, string>>;
  /** Absent if it was deleted meanwhile: the resources are pinned, its placement is not. */
  readonly instanceType?: InstanceTypeSpec;
}

/** What a pod runs, and within which bounds. */
export interface Program {
  readonly mode: RunnerMode;
  readonly spec: TaskBundleSpec;
  /** The image that was pinned, if one was; else the source's, else the runner image. */
  readonly image?: string | undefined;
  /** The ConfigMap with the code; absent for an image. */
  readonly codeConfigMap?: string | undefined;
  readonly resources: Resources;
  readonly instanceType?: InstanceTypeSpec | undefined;
  readonly bounds: Bounds;
  /** Of the run (S151). */
  readonly traceparent?: string | undefined;
}

interface Bounds {
  readonly startSeconds: number;
  readonly runSeconds: number;
  readonly graceSeconds: number;
}

/** What a pod may need to start while no start timeout is set: pulls and mounts, but not the wait for a node (S68). */
const startAllowanceSeconds = 900;
/** Runner, gateway and operator have had their say before the kubelet has its own. */
const slackSeconds = 30;
/** A node that is lost is given up after this; the default is 300 s (S97). */
const nodeLossSeconds = 30;

/** Of the pod that registers a revision, where the type `starter` has been deleted (S12, S54). */
const starterResources: Resources = { cpu: "500m", memory: "512Mi" };

/** The pod of an attempt, as it is sent to the API server. Source: S291, S294 to S296, S98, S68. */
export function desiredPod(run: ObservedRun, attempt: Attempt, pins: AttemptPins, settings: PodSettings): PodBody {
  const { revision, resolved, resources, instanceType } = pins;
  const program: Program = {
    mode: "run",
    spec: revision.spec,
    image: revision.image,
    codeConfigMap: revision.codeConfigMap,
    resources,
    instanceType,
    bounds: {
      startSeconds: resolved.startTimeoutSeconds ?? startAllowanceSeconds,
      runSeconds: resolved.timeoutSeconds,
      graceSeconds: resolved.gracePeriodSeconds,
    },
    traceparent: traceparentOf(run.metadata.annotations),
  };
  const labels = {
    ...pins.labels,
    [label.component]: component.attempt,
    [label.run]: run.metadata.name,
    [label.bundle]: parseTaskReference(run.spec.task)?.bundle ?? "",
    [label.attempt]: String(attempt.number),
    [label.revision]: String(revision.revision),
  };
  const identity: Identity = { name: attempt.podName, owner: { kind: "TaskRun", metadata: run.metadata }, labels };
  return desiredBarePod(identity, program, settings);
}

/**
 * The pod in which a revision's code names its tasks (S12).
 *
 * It gets what the attempts will get: code that needs a secret or a volume to load would else never register. `starter` is
 * the instance type of that name, if there is one.
 */
export function desiredRegistrationPod(
  bundle: Pick<TaskBundle, "metadata" | "spec">,
  { revision, attempt, podName }: Pick<Registering, "revision" | "attempt" | "podName">,
  settings: PodSettings,
  starter?: InstanceTypeSpec,
): PodBody {
  const program: Program = {
    mode: "register",
    spec: bundle.spec,
    codeConfigMap: bundle.spec.source.image ? undefined : revisionName(bundle.metadata, revision),
    resources: starter?.resources ?? starterResources,
    instanceType: starter,
    bounds: {
      startSeconds: startAllowanceSeconds,
      runSeconds: limits.registrationSeconds,
      graceSeconds: limits.gracePeriodSeconds.default,
    },
  };
  const labels = {
    [label.component]: component.registration,
    [label.bundle]: bundle.metadata.name,
    [label.attempt]: String(attempt),
    [label.revision]: String(revision),
  };
  const identity: Identity = { name: podName, owner: { kind: "TaskBundle", metadata: bundle.metadata }, labels };
  return desiredBarePod(identity, program, settings);
}

interface Identity {
  readonly name: string;
  readonly owner: { readonly kind: "TaskRun" | "TaskBundle"; readonly metadata: ObjectMeta };
  readonly labels: Readonly<Record<string, string>>;
}

function desiredBarePod(identity: Identity, program: Program, settings: PodSettings): PodBody {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadataOf(identity, program.spec),
    spec: {
      ...templateFields(program.spec),
      ...placement(program),
      ...identityInCluster(program.spec),
      ...endings(program.bounds),
      securityContext: restrictedPod,
      containers: [taskContainer(program, settings)],
      volumes: podVolumes(program),
    },
  };
  return pod as unknown as PodBody; // JSON by its parts: literals, and what came as JSON from the API server (tested)
}

function metadataOf({ name, owner, labels }: Identity, spec: TaskBundleSpec): object {
  const annotations = templateObject(spec, "metadata", "annotations");
  return {
    name,
    namespace: owner.metadata.namespace,
    labels: { ...templateObject(spec, "metadata", "labels"), ...labels, [label.podName]: name },
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ownerReferences: [controllerReference(owner)],
  };
}

/** Garbage collection by it; `blockOwnerDeletion` would need a right on finalizers and make a delete wait for the pod. */
function controllerReference({ kind, metadata: { name, uid } }: Identity["owner"]): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: false };
}

/** Where the pod may run: exactly where its instance type says, and there where the template says too (S60). */
function placement({ spec, instanceType }: Program): object {
  const nodeSelector = { ...templateObject(spec, "spec", "nodeSelector"), ...instanceType?.nodeSelector };
  const runtimeClassName = instanceType?.runtimeClassName;
  return {
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
    tolerations: [...nodeLoss, ...(instanceType?.tolerations ?? []), ...templateList(spec, "tolerations")],
    ...(runtimeClassName !== undefined && { runtimeClassName }),
  };
}

/** Of several tolerations that match a taint the shortest rules, so a template cannot lengthen these. */
const nodeLoss = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].map((key) => ({
  key,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: nodeLossSeconds,
}));

/** Who the pod is to others: never with the ServiceAccount's own token, nor with a variable for every Service around. */
function identityInCluster({ serviceAccountName, imagePullSecrets }: TaskBundleSpec): object {
  return {
    ...(serviceAccountName !== undefined && { serviceAccountName }),
    ...(imagePullSecrets && { imagePullSecrets }),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
  };
}

function endings({ startSeconds, runSeconds, graceSeconds }: Bounds): object {
  return {
    restartPolicy: "Never",
    // Kubernetes takes 0 for "forget the pod while it may still run" (S163).
    terminationGracePeriodSeconds: Math.max(1, graceSeconds),
    // Counts from the pod's arrival on its node; waiting for a node is not in it.
    activeDeadlineSeconds: startSeconds + runSeconds + graceSeconds + slackSeconds,
  };
}

/** With the container's own context, what the restricted Pod Security Standard asks for. */
const restrictedPod = {
  runAsNonRoot: true,
  runAsUser: 65_532,
  seccompProfile: { type: "RuntimeDefault" },
};
