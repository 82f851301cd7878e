// The cases of a registration whose pod is made, waited for, lost or given up; bundle.test.ts plays them with its own.
import type { TaskBundle, TaskBundleStatus } from "@stint/crds/taskbundle";

import type { BundleDecision, BundleWorld } from "../../src/core/bundle-world.ts";
import { aNode, after, stamp } from "../builders.ts";
import { aKnownRegistration, aRegistration, aRegistrationPod, aTaskBundle, isRegistering } from "../bundle-builders.ts";

export interface Row {
  readonly given: string;
  readonly bundle?: TaskBundle;
  readonly world?: Partial<BundleWorld>;
  readonly at?: number;
  readonly rule: string;
  /** Status, reason and message of Ready. */
  readonly ready: string;
  readonly does?: readonly string[];
  readonly manifest?: BundleDecision["manifest"];
  /** Seconds until the next look. */
  readonly again?: number;
}

export function withStatus(status: TaskBundleStatus, spec: Partial<TaskBundle["spec"]> = {}): TaskBundle {
  return aTaskBundle({ status, spec });
}

export const registeringRows: readonly Row[] = [
  {
    given: "an intent without a pod",
    bundle: withStatus(isRegistering(aRegistration())),
    rule: "creating",
    ready: "Unknown Registering: revision 1 is registering",
    does: ["createCode r1", "createPod"],
    again: 30,
  },
  {
    given: "the intent of a second attempt",
    bundle: withStatus(isRegistering(aRegistration({ attempt: 2, state: "Registering" }))),
    world: { pods: [] },
    rule: "creating",
    ready: "Unknown Registering: revision 1 is registering",
    does: ["createPod"],
    again: 30,
  },
  {
    given: "a pod that runs",
    bundle: withStatus(isRegistering(aRegistration())),
    world: { pods: [aRegistrationPod()] },
    rule: "listening",
    ready: "Unknown Registering: revision 1 is registering",
    again: 30,
  },
  {
    given: "a pod that nothing can take",
    bundle: withStatus(isRegistering(aRegistration())),
    world: {
      pods: [
        aRegistrationPod({
          container: {},
          status: {
            conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no node fits" }],
          },
        }),
      ],
    },
    rule: "listening",
    ready: "Unknown Registering: revision 1 is registering: Unschedulable: no node fits",
    again: 30,
  },
  {
    given: "an exit before the tasks came",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: { pods: [aRegistrationPod({ container: { terminated: { exitCode: 3, reason: "Error" } } })] },
    rule: "ended",
    ready: "False ExitedBeforeRegistering: entry point exited with code 3 before registering tasks",
    does: ["event ExitedBeforeRegistering"],
  },
  {
    given: "a good exit before the tasks came",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: { pods: [aRegistrationPod({ container: { terminated: { exitCode: 0, reason: "Completed" } } })] },
    rule: "ended",
    ready: "False ExitedBeforeRegistering: entry point exited with code 0 before registering tasks",
    does: ["event ExitedBeforeRegistering"],
  },
  {
    given: "a container that was killed for its memory",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: { pods: [aRegistrationPod({ container: { terminated: { exitCode: 137, reason: "OOMKilled" } } })] },
    rule: "ended",
    ready: "False ExitedBeforeRegistering: entry point exited with code 137 before registering tasks (OutOfMemory)",
    does: ["event ExitedBeforeRegistering"],
  },
  {
    given: "a command that is not there",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: {
      pods: [
        aRegistrationPod({ container: { terminated: { exitCode: 128, reason: "StartError", message: "no node" } } }),
      ],
    },
    rule: "ended",
    ready: "False ContainerConfigFailed: no node",
    does: ["event ContainerConfigFailed"],
  },
  {
    given: "an image that can never be pulled",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: {
      pods: [aRegistrationPod({ container: { waiting: { reason: "InvalidImageName", message: "bad name" } } })],
    },
    rule: "stuck",
    ready: "False ImagePullFailed: bad name",
    does: ["deletePod r1-1", "event ImagePullFailed"],
  },
  {
    given: "an image that was not pulled within the window",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: { pods: [aRegistrationPod({ container: { waiting: { reason: "ErrImagePull", message: "not found" } } })] },
    at: 300,
    rule: "stuck",
    ready: "False ImagePullFailed: not found",
    does: ["deletePod r1-1", "event ImagePullFailed"],
  },
  {
    given: "a volume that did not mount within the window",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: {
      pods: [aRegistrationPod({ container: { waiting: { reason: "ContainerCreating" } } })],
      mountFailure: 'secret "absent" not found',
    },
    at: 300,
    rule: "stuck",
    ready: 'False ContainerConfigFailed: secret "absent" not found',
    does: ["deletePod r1-1", "event ContainerConfigFailed"],
  },
  {
    given: "a container that has run for 300 s",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: { pods: [aRegistrationPod()] },
    at: 301,
    rule: "timedOut",
    ready: "False RegistrationTimedOut: registration did not finish within 300 seconds",
    does: ["deletePod r1-1", "event RegistrationTimedOut"],
  },
  {
    given: "a container that has run for 300 s without a gateway to hear it",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: { pods: [aRegistrationPod()], gatewayReadySince: after(300) },
    at: 301,
    rule: "listening",
    ready: "Unknown Registering: revision 1 is registering",
    again: 30,
  },
  {
    given: "a pod that is gone",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    rule: "replaced",
    ready: `Unknown Registering: revision 1 is registering: PodDeleted: pod ${aRegistration().podName} is gone`,
    does: ["event PodDeleted"],
    again: 1,
  },
  {
    given: "a pod on a lost node",
    bundle: withStatus(isRegistering(aKnownRegistration({ attempt: 4, infrastructureRetries: 3 }))),
    world: {
      pods: [aRegistrationPod({ attempt: 4, metadata: { deletionTimestamp: stamp(9) } })],
      nodes: new Map([["node-1", aNode("node-1", { ready: false })]]),
    },
    rule: "replaced",
    ready: "Unknown Registering: revision 1 is registering: NodeLost: node node-1 is not Ready",
    does: ["event NodeLost"],
    again: 8,
  },
  {
    given: "a lost pod after ten retries",
    bundle: withStatus(isRegistering(aKnownRegistration({ attempt: 11, infrastructureRetries: 10 }))),
    rule: "replaced",
    ready: `False InfrastructureFailed: infrastructure retries exhausted (10 of 10): pod ${aRegistration({ attempt: 11 }).podName} is gone`,
    does: ["event InfrastructureFailed"],
  },
  {
    given: "a wait before the next attempt",
    bundle: withStatus(
      isRegistering(aRegistration({ attempt: 2, nextRetryAt: after(15).toISOString(), message: "PodDeleted: gone" })),
    ),
    rule: "waiting",
    ready: "Unknown Registering: revision 1 is registering: PodDeleted: gone",
    again: 5,
  },
  {
    given: "a full quota",
    bundle: withStatus(isRegistering(aRegistration())),
    world: { refusal: { kind: "quota", message: "exceeded quota" } },
    rule: "refused",
    ready: "Unknown Registering: revision 1 is registering: exceeded quota",
    again: 10,
  },
  {
    given: "a ServiceAccount that is 50 s late",
    bundle: withStatus(isRegistering(aRegistration())),
    world: { refusal: { kind: "serviceAccount", message: 'serviceaccount "x" not found' } },
    at: 50,
    rule: "refused",
    ready: 'Unknown Registering: revision 1 is registering: serviceaccount "x" not found',
    again: 50,
  },
  {
    given: "a ServiceAccount that is 60 s late",
    bundle: withStatus(isRegistering(aRegistration())),
    world: { refusal: { kind: "serviceAccount", message: 'serviceaccount "x" not found' } },
    at: 60,
    rule: "refused",
    ready: 'False PodRejected: serviceaccount "x" not found',
    does: ["event PodRejected"],
    again: 600,
  },
  {
    given: "a pod that admission refuses",
    bundle: withStatus(isRegistering(aRegistration())),
    world: { refusal: { kind: "rejected", message: "violates PodSecurity" } },
    rule: "refused",
    ready: "False PodRejected: violates PodSecurity",
    does: ["event PodRejected"],
    again: 600,
  },
];
