// What `decideBundle` concludes, case by case. Each row shows the situation that is unlike a calm one, and nothing else.
import type { TaskBundle, TaskBundleStatus } from "@stint/crds/taskbundle";
import { describe, expect, test } from "vitest";

import { bundleRuleNames, decideBundle } from "../../src/core/bundle.ts";
import type { BundleAction, BundleDecision } from "../../src/core/bundle-world.ts";
import { after, stamp } from "../builders.ts";
import {
  aBundleWorld,
  aKnownRegistration,
  anObservedRevision,
  aRegistration,
  aRegistrationPod,
  aTaskBundle,
  isReady,
  isRegistering,
  posted,
  revisions,
  serves,
} from "../bundle-builders.ts";
import { registeringRows, withStatus, type Row } from "./bundle-rows.ts";

function decided({ bundle = aTaskBundle(), world = {}, at = 10 }: Row): BundleDecision {
  return decideBundle(bundle, aBundleWorld(world), after(at));
}

function inWords(action: BundleAction): string {
  switch (action.kind) {
    case "createCode":
      return `createCode ${action.code.metadata.name.split("-").at(-1)}`;
    case "createPod":
      return "createPod";
    case "createRevision":
      return `createRevision ${action.revision.revision}`;
    case "deletePod":
      return `deletePod ${action.pod.name.split("-").slice(-2).join("-")}`;
    case "deleteCode":
    case "deleteRevision":
      return `${action.kind} ${action.name.split("-").at(-1)}`;
    case "recordEvent":
      return `event ${action.reason}`;
  }
}

function readyInWords({ conditions }: TaskBundleStatus): string {
  const ready = conditions?.find(({ type }) => type === "Ready");
  return `${ready?.status} ${ready?.reason}: ${ready?.message}`;
}

const failedStatus = isRegistering(
  aKnownRegistration({ state: "RegistrationFailed", reason: "NoTasks", message: "entry point registered no tasks" }),
  { conditions: isReady("False", "NoTasks") },
);
const otherSource = { source: { inline: "export const changed = true;" } };
const fromImage = { source: { image: { reference: "registry.example/math:2" } } };

const noRevisionYet: readonly Row[] = [
  {
    given: "a new bundle",
    rule: "starting",
    ready: "Unknown Registering: revision 1 is registering",
    does: ["createCode r1", "createPod"],
  },
  {
    given: "a new bundle from an image",
    bundle: aTaskBundle({ spec: fromImage }),
    rule: "starting",
    ready: "Unknown Registering: revision 1 is registering",
    does: ["createPod"],
  },
  {
    given: "a bundle that is being deleted",
    bundle: aTaskBundle({ metadata: { deletionTimestamp: stamp(1) }, status: serves({ conditions: [] }) }),
    rule: "deleting",
    ready: "undefined undefined: undefined",
  },
  {
    given: "a field that a template may not have",
    bundle: aTaskBundle({ spec: { podTemplate: { spec: { hostNetwork: true } } } }),
    rule: "invalidTemplate",
    ready: "False InvalidPodTemplate: spec.podTemplate.spec.hostNetwork is not allowed",
    does: ["event InvalidPodTemplate"],
  },
  {
    given: "a source that is not there yet",
    world: { source: { kind: "missing", message: "ConfigMap code does not exist in namespace team-a" } },
    rule: "sourceless",
    ready: "False SourceNotFound: ConfigMap code does not exist in namespace team-a",
    again: 1,
  },
  {
    given: "a source that cannot be read",
    world: { source: { kind: "invalid", message: "spec.source.inline: line 1: Unexpected token" } },
    rule: "invalidSource",
    ready: "False InvalidSource: spec.source.inline: line 1: Unexpected token",
    does: ["event InvalidSource"],
  },
];

const manifestRows: readonly Row[] = [
  {
    given: "good tasks",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: { pods: [aRegistrationPod()], manifest: posted() },
    rule: "received",
    ready: "Unknown Registering: revision 1 is registering",
    does: ["createRevision 1"],
    manifest: "checked",
  },
  {
    given: "good tasks, sooner than the pod's uid stood in the status",
    bundle: withStatus(isRegistering(aRegistration())),
    world: { pods: [aRegistrationPod()], manifest: posted() },
    rule: "received",
    ready: "Unknown Registering: revision 1 is registering",
    does: ["createRevision 1"],
    manifest: "checked",
  },
  {
    given: "tasks whose revision is made",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: { pods: [aRegistrationPod()], manifest: posted(), revisions: revisions(anObservedRevision()) },
    rule: "registered",
    ready: "True Registered: revision 1 is Ready",
    manifest: "taken",
  },
  {
    given: "tasks whose answer was lost",
    bundle: withStatus(serves()),
    world: { pods: [aRegistrationPod()], manifest: posted(), revisions: revisions(anObservedRevision()) },
    rule: "unchanged",
    ready: "True Registered: revision 1 is Ready",
    manifest: "taken",
    again: 35,
  },
  {
    given: "an empty list of tasks",
    bundle: withStatus(isRegistering(aKnownRegistration())),
    world: { pods: [aRegistrationPod()], manifest: posted([]) },
    rule: "invalidManifest",
    ready: "False NoTasks: entry point registered no tasks",
    does: ["event NoTasks"],
    manifest: "taken",
  },
  {
    given: "a bad list whose answer was lost",
    bundle: withStatus(failedStatus),
    world: { pods: [aRegistrationPod()], manifest: posted([]) },
    rule: "failed",
    ready: "False NoTasks: entry point registered no tasks",
    manifest: "taken",
    again: 35,
  },
  {
    given: "tasks from the pod of an attempt before",
    bundle: withStatus(isRegistering(aKnownRegistration({ attempt: 2 }))),
    world: { pods: [aRegistrationPod({ attempt: 2 })], manifest: posted() },
    rule: "listening",
    ready: "Unknown Registering: revision 1 is registering",
    again: 30,
  },
  {
    given: "tasks from a namesake of the pod",
    bundle: withStatus(isRegistering(aKnownRegistration({ podUid: "another" }))),
    world: { pods: [aRegistrationPod({ metadata: { uid: "another" } })], manifest: posted() },
    rule: "listening",
    ready: "Unknown Registering: revision 1 is registering",
    again: 30,
  },
  {
    given: "tasks from an image whose container the kubelet has not told of",
    bundle: withStatus(isRegistering(aRegistration({ specHash: hashOf(fromImage) })), fromImage),
    world: {
      pods: [aRegistrationPod({ container: { waiting: { reason: "ContainerCreating" } } })],
      manifest: posted(),
    },
    rule: "unseenImage",
    ready: "Unknown Registering: revision 1 is registering",
    manifest: "early",
  },
];

const laterRows: readonly Row[] = [
  {
    given: "the Ready spec",
    bundle: withStatus(serves()),
    rule: "unchanged",
    ready: "True Registered: revision 1 is Ready",
  },
  {
    given: "another spec beside a Ready revision",
    bundle: withStatus(serves(), otherSource),
    rule: "starting",
    ready: "Unknown Registering: revision 2 is registering",
    does: ["createCode r2", "createPod"],
  },
  {
    given: "another spec while one registers",
    bundle: withStatus(isRegistering(aKnownRegistration()), otherSource),
    world: { pods: [aRegistrationPod()] },
    rule: "starting",
    ready: "Unknown Registering: revision 2 is registering",
    does: ["deletePod r1-1", "deleteCode r1", "createCode r2", "createPod"],
  },
  {
    given: "the Ready spec again while another registers",
    bundle: withStatus(
      serves({ lastRevision: 2, registering: aKnownRegistration({ revision: 2, specHash: "other" }) }),
    ),
    world: { pods: [aRegistrationPod({ revision: 2 })] },
    rule: "unchanged",
    ready: "True Registered: revision 1 is Ready",
    does: ["deletePod r2-1", "deleteCode r2"],
    again: 35,
  },
  {
    given: "a failed spec",
    bundle: withStatus(failedStatus),
    rule: "failed",
    ready: "False NoTasks: entry point registered no tasks",
  },
  {
    given: "a failed spec whose pod still runs after 45 s",
    bundle: withStatus(failedStatus),
    world: { pods: [aRegistrationPod()] },
    at: 45,
    rule: "failed",
    ready: "False NoTasks: entry point registered no tasks",
    does: ["deletePod r1-1"],
  },
  {
    given: "another spec after a failed one",
    bundle: withStatus(failedStatus, otherSource),
    rule: "starting",
    ready: "Unknown Registering: revision 2 is registering",
    does: ["deleteCode r1", "createCode r2", "createPod"],
  },
  {
    given: "the pod of the Ready revision, ended",
    bundle: withStatus(serves()),
    world: { pods: [aRegistrationPod({ container: { terminated: { exitCode: 0 } } })] },
    rule: "unchanged",
    ready: "True Registered: revision 1 is Ready",
    does: ["deletePod r1-1"],
  },
  {
    given: "a pod newer than the bundle in a stale cache",
    bundle: withStatus(serves()),
    world: { pods: [aRegistrationPod({ revision: 2 })] },
    at: 60,
    rule: "unchanged",
    ready: "True Registered: revision 1 is Ready",
  },
  {
    given: "a revision that a gateway made after it was abandoned",
    bundle: withStatus(serves({ lastRevision: 2 })),
    world: { revisions: revisions(anObservedRevision(1), anObservedRevision(2)) },
    rule: "unchanged",
    ready: "True Registered: revision 1 is Ready",
    does: ["deleteRevision r2"],
  },
  {
    given: "a failed spec of which a gateway made a revision all the same",
    bundle: withStatus(failedStatus),
    world: { revisions: revisions(anObservedRevision(1)) },
    rule: "failed",
    ready: "False NoTasks: entry point registered no tasks",
    does: ["deleteRevision r1"],
  },
];

describe("a bundle without a revision", () => {
  test.each(noRevisionYet)("$given → $rule", expectRow);
});

describe("a registration", () => {
  test.each(registeringRows)("$given → $rule", expectRow);
});

describe("what a pod posts", () => {
  test.each(manifestRows)("$given → $rule", expectRow);
});

describe("a bundle with a history", () => {
  test.each(laterRows)("$given → $rule", expectRow);
});

function expectRow(row: Row): void {
  const decision = decided(row);

  expect(decision.rule).toBe(row.rule);
  expect(readyInWords(decision.status)).toBe(row.ready);
  expect(decision.actions.map(inWords)).toEqual(row.does ?? []);
  expect(decision.manifest).toBe(row.manifest);
  expect(decision.requeueAt).toEqual(row.again === undefined ? undefined : after((row.at ?? 10) + row.again));
}

test("every rule speaks in one of the cases", () => {
  const spoken = [...noRevisionYet, ...registeringRows, ...manifestRows, ...laterRows].map(({ rule }) => rule);

  expect(new Set(spoken)).toEqual(new Set(bundleRuleNames));
});

function hashOf(spec: Partial<TaskBundle["spec"]>): string {
  return decideBundle(aTaskBundle({ spec }), aBundleWorld(), after(0)).status.registering?.specHash ?? "";
}
