// A spec that no revision was made for yet: what is wrong with it already, or the intent of its registration. The intent is
// written before anything is created, so a stale reader gets a conflict before it can do harm.
import { BundleReason, RegistrationState } from "@stint/crds/conditions";
import type { Registering } from "@stint/crds/taskbundle";

import { invariant } from "../../errors.ts";
import {
  conclude,
  isRegistering,
  newRegistration,
  readySince,
  registrationFailed,
  type BundleLook,
} from "../bundle-look.ts";
import type { BundleAction, BundleVerdict } from "../bundle-world.ts";
import { after } from "../look.ts";
import { podTemplateProblem } from "../pod-template.ts";
import { desiredRegistrationPod } from "../pod.ts";
import { findInstanceType } from "../resources.ts";
import { desiredCode } from "../revision.ts";

/** An absent source is looked for again after at most this long: no event tells of a ConfigMap. */
const sourceWaitMs = { min: 1000, max: 10_000 };

/** The pod template asks for what is not allowed (S291). */
export function invalidTemplate(look: BundleLook): BundleVerdict | undefined {
  if (look.current) return undefined;
  const message = podTemplateProblem(look.bundle.spec);
  if (message === undefined) return undefined;
  return failNew(look, { reason: BundleReason.InvalidPodTemplate, message });
}

/** The ConfigMap with the code is not there yet: it may be applied a moment after the bundle. */
export function sourceless(look: BundleLook): BundleVerdict | undefined {
  const { source } = look.world;
  if (!isSourceDue(look) || source?.kind !== "missing") return undefined;
  const { message } = source;
  const requeueAt = after(look.now, waitMs(look, sourceWaitMs));
  const standing = { ready: "False", reason: BundleReason.SourceNotFound, message } as const;
  return conclude(look, standing, { registering: look.current, requeueAt });
}

/** The code is too large, or not code whose types can be stripped. */
export function invalidSource(look: BundleLook): BundleVerdict | undefined {
  const { source } = look.world;
  if (!isSourceDue(look) || source?.kind !== "invalid") return undefined;
  return failNew(look, { reason: BundleReason.InvalidSource, message: source.message });
}

/** A new revision: first its intent, then its code and the pod that registers it (S12). */
export function starting(look: BundleLook): BundleVerdict | undefined {
  if (look.current) return undefined;
  const registering = newRegistration(look);
  return conclude(look, isRegistering(registering.revision), {
    registering,
    changes: { lastRevision: registering.revision },
    actions: creations(look, registering),
  });
}

/** The creates of an attempt at a registration: the code, as long as nothing proves it to be there, and the pod. */
export function creations(look: BundleLook, registering: Registering): BundleAction[] {
  const { bundle, world } = look;
  const starter = findInstanceType("starter", world.instanceTypes)?.spec;
  const pod = desiredRegistrationPod(bundle, registering, world.podSettings, starter);
  const createPod: BundleAction = { kind: "createPod", pod };
  if (!isSourceDue({ ...look, current: registering })) return [createPod];
  const { source } = world;
  invariant(source?.kind === "code", "the source is observed before a revision is made from it");
  return [{ kind: "createCode", code: desiredCode(bundle, registering.revision, source.code) }, createPod];
}

/** As long again as it has waited so far: the wait doubles, and nothing has to be counted. */
export function waitMs(look: BundleLook, { min, max }: { readonly min: number; readonly max: number }): number {
  const waited = look.now.getTime() - readySince(look).getTime();
  return Math.min(Math.max(waited, min), max);
}

function isSourceDue({ bundle, current }: BundleLook): boolean {
  if (bundle.spec.source.image) return false;
  return current === undefined || current.state === RegistrationState.Created;
}

function failNew(
  look: BundleLook,
  failure: { readonly reason: BundleReason; readonly message: string },
): BundleVerdict {
  const registering = look.current ?? newRegistration(look);
  return registrationFailed(look, registering, failure, { changes: { lastRevision: registering.revision } });
}
