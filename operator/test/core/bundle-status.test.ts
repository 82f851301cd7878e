// What a bundle's status remembers, and which revisions it keeps.
import { describe, expect, test } from "vitest";

import { decideBundle } from "../../src/core/bundle.ts";
import { needsSource } from "../../src/core/bundle-look.ts";
import type { BundleDecision, BundleWorld } from "../../src/core/bundle-world.ts";
import { aManifestTask, after, bundleUid } from "../builders.ts";
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
  specHash,
} from "../bundle-builders.ts";

function decided(bundle: ReturnType<typeof aTaskBundle>, world: Partial<BundleWorld> = {}, at = 10): BundleDecision {
  return decideBundle(bundle, aBundleWorld(world), after(at));
}

function removed(decision: BundleDecision): string[] {
  return decision.actions.map((action) => `${action.kind} ${"name" in action ? action.name.split("-").at(-1) : ""}`);
}

describe("the intent of a registration", () => {
  test("names revision, spec, attempt and pod before anything is created", () => {
    const { status } = decided(aTaskBundle({ metadata: { generation: 4 } }));

    expect(status).toMatchObject({
      observedGeneration: 4,
      lastRevision: 1,
      registering: { revision: 1, generation: 4, specHash, state: "Created", attempt: 1 },
    });
    expect(status.registering?.podName).toMatch(/^math-[0-9a-v]{5}-r1-1$/);
    expect(status.registering).not.toHaveProperty("podUid");
  });

  test("takes a number that no revision had, an abandoned one included", () => {
    const { status } = decided(aTaskBundle({ spec: { serviceAccountName: "x" }, status: serves({ lastRevision: 5 }) }));

    expect(status.registering?.revision).toBe(6);
  });

  test("takes a number that no ControllerRevision has, even if the status was lost", () => {
    const { status } = decided(aTaskBundle(), { revisions: revisions(anObservedRevision(7)) });

    expect(status.registering?.revision).toBe(8);
  });

  test("leaves the Ready revision beside it in place", () => {
    const { status } = decided(aTaskBundle({ spec: { serviceAccountName: "x" }, status: serves() }));

    expect(status).toMatchObject({ revision: 1, specHash, tasks: [{ name: "square" }] });
  });

  test("of a failed one takes a number too", () => {
    const bundle = aTaskBundle({ spec: { podTemplate: { spec: { hostPID: true } } }, status: serves() });

    const { status } = decided(bundle);

    expect(status).toMatchObject({
      revision: 1,
      lastRevision: 2,
      registering: { revision: 2, state: "RegistrationFailed", reason: "InvalidPodTemplate" },
    });
  });
});

describe("an open registration", () => {
  test("remembers the pod that was seen", () => {
    const bundle = aTaskBundle({ status: isRegistering(aRegistration()) });

    const { status } = decided(bundle, { pods: [aRegistrationPod()] });

    expect(status.registering).toMatchObject({ state: "Registering", podUid: aRegistrationPod().metadata.uid });
  });

  test("whose pod is lost names the next pod and when it is due, and forgets the uid", () => {
    const bundle = aTaskBundle({ status: isRegistering(aKnownRegistration()) });

    const { status } = decided(bundle);

    expect(status.registering).toMatchObject({
      revision: 1,
      attempt: 2,
      infrastructureRetries: 1,
      nextRetryAt: after(11).toISOString(),
    });
    expect(status.registering?.podName).toMatch(/-r1-2$/);
    expect(status.registering).not.toHaveProperty("podUid");
  });

  test("waits 1, 2, 4 … 60 s after its losses", () => {
    const waits = Array.from({ length: 10 }, (_, infrastructureRetries) => {
      const registering = aKnownRegistration({ attempt: infrastructureRetries + 1, infrastructureRetries });
      const { requeueAt } = decided(aTaskBundle({ status: isRegistering(registering) }));
      return ((requeueAt?.getTime() ?? 0) - after(10).getTime()) / 1000;
    });

    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
  });
});

describe("a Ready revision", () => {
  const bundle = aTaskBundle({
    status: isRegistering(aKnownRegistration({ revision: 2 }), {
      revision: 1,
      specHash: "before",
      digest: "unknown",
      conditions: isReady("Unknown", "Registering"),
    }),
  });

  test("is summed up in the status, and no registration is left", () => {
    const manifest = [aManifestTask({ description: "Squares." }), aManifestTask({ name: "cube" })];

    const { status } = decided(bundle, { revisions: revisions(anObservedRevision(2, { manifest })) });

    expect(status).toMatchObject({
      revision: 2,
      specHash,
      tasks: [
        { name: "square", kind: "Task", description: "Squares." },
        { name: "cube", kind: "Task" },
      ],
    });
    expect(status).not.toHaveProperty("registering");
    expect(status).not.toHaveProperty("digest");
  });

  test.each([
    [{ digest: "sha256:abc" }, "sha256:abc"],
    [{}, "unknown"],
  ])("of an image with %o says so as %s", (known, digest) => {
    const revision = anObservedRevision(2, { image: "registry.example/math", codeConfigMap: undefined, ...known });

    expect(decided(bundle, { revisions: revisions(revision) }).status.digest).toBe(digest);
  });
});

describe("the instant of the condition", () => {
  test("moves when Ready changes", () => {
    const { status } = decided(aTaskBundle({ spec: { serviceAccountName: "x" }, status: serves() }));

    expect(status.conditions?.[0]?.lastTransitionTime).toBe(after(10).toISOString());
  });

  test("stays when only the reason changes", () => {
    const bundle = aTaskBundle({ status: isRegistering(aRegistration()) });

    const { status } = decided(bundle, { refusal: { kind: "quota", message: "full" } });

    expect(status.conditions?.[0]?.lastTransitionTime).toBe(after(0).toISOString());
  });
});

describe("old revisions", () => {
  const twelve = Array.from({ length: 12 }, (_, index) => anObservedRevision(index + 1));
  const bundle = aTaskBundle({ status: serves({ revision: 12, lastRevision: 12 }) });

  test("beyond the newest ten go, their code first", () => {
    const decision = decided(bundle, { revisions: revisions(...twelve) });

    expect(removed(decision)).toEqual(["deleteCode r2", "deleteRevision r2", "deleteCode r1", "deleteRevision r1"]);
  });

  test("that live runs are pinned to stay, and are asked for again later", () => {
    const decision = decided(bundle, { revisions: revisions(...twelve), revisionsInUse: new Set([2, 12]) });

    expect(removed(decision)).toEqual(["deleteCode r1", "deleteRevision r1"]);
    expect(decision.requeueAt).toEqual(after(610));
  });

  test("are deleted by uid", () => {
    const { actions } = decided(bundle, { revisions: revisions(...twelve) });

    expect(actions).toContainEqual({ kind: "deleteRevision", name: twelve[0]?.name, uid: twelve[0]?.uid });
  });
});

describe("the source", () => {
  test.each([
    ["for a new spec", aTaskBundle(), true],
    ["for an intent whose pod was not seen", aTaskBundle({ status: isRegistering(aRegistration()) }), true],
    ["not once the pod was seen", aTaskBundle({ status: isRegistering(aKnownRegistration()) }), false],
    ["not for the Ready spec", aTaskBundle({ status: serves() }), false],
    ["not for an image", aTaskBundle({ spec: { source: { image: { reference: "x" } } } }), false],
  ])("is needed %s", (_, bundle, needed) => {
    expect(needsSource(bundle)).toBe(needed);
  });

  test("is asked for again after as long as it has been missing, at most 10 s", () => {
    const source = { kind: "missing", message: "gone" } as const;
    const bundle = aTaskBundle({ status: { conditions: isReady("False", "SourceNotFound") } });

    expect(decided(bundle, { source }, 3).requeueAt).toEqual(after(6));
    expect(decided(bundle, { source }, 60).requeueAt).toEqual(after(70));
  });
});

test("a manifest is of the pod that the token names, and of no other of its bundle", () => {
  const bundle = aTaskBundle({ status: isRegistering(aKnownRegistration()) });

  const decision = decided(bundle, { pods: [aRegistrationPod()], manifest: posted(undefined, { attempt: 2 }) });

  expect(decision.manifest).toBeUndefined();
  expect(bundle.metadata.uid).toBe(bundleUid);
});
