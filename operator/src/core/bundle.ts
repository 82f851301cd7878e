// Every choice the operator makes about a bundle, as an ordered list of named rules, as in decide.ts for runs.
//
// A revision's life: a new spec gets a number and an intent in `status.registering` (`starting`); its code and its pod are
// made (`creating`) and waited for (`listening`); what the pod posts becomes a ControllerRevision (`received`), and once
// that exists the revision is the one that serves (`registered`). The two last steps are two looks, so that wherever the
// operator dies in between, the ControllerRevision itself is the memory: it cannot be made twice, and it counts when seen.
import type { TaskBundle } from "@stint/crds/taskbundle";

import { InvariantError } from "../errors.ts";
import { gatherBundle, isOpen, type BundleLook, type OpenLook } from "./bundle-look.ts";
import { creating, refused, waiting } from "./bundle-rules/creating.ts";
import {
  ended,
  invalidManifest,
  listening,
  received,
  replaced,
  stuck,
  timedOut,
  unseenImage,
} from "./bundle-rules/registering.ts";
import { deleting, failed, registered, unchanged } from "./bundle-rules/settled.ts";
import { invalidSource, invalidTemplate, sourceless, starting } from "./bundle-rules/starting.ts";
import type { BundleDecision, BundleVerdict, BundleWorld } from "./bundle-world.ts";

/** Ordered: the first rule that speaks wins. Every rule may rely on those above it having stayed silent. */
const rules: readonly ((look: BundleLook) => BundleVerdict | undefined)[] = [
  deleting,
  registered,
  unchanged,
  failed,
  // The code is needed, for a new revision or for one whose ConfigMap may not have been made.
  invalidTemplate,
  sourceless,
  invalidSource,
  starting,
];

/** Rules for what those leave: a registration of the present spec is open. */
const openRules: readonly ((look: OpenLook) => BundleVerdict | undefined)[] = [
  invalidManifest,
  unseenImage,
  received,
  refused,
  waiting,
  creating,
  // There is a pod, or there was one.
  replaced,
  ended,
  stuck,
  timedOut,
  listening,
];

/** The names of the rules, in order: they label log lines and metrics. */
export const bundleRuleNames: readonly string[] = [...rules, ...openRules].map(({ name }) => name);

/** What is to be done about a bundle. Total, synchronous and deterministic; it changes none of its arguments. */
export function decideBundle(bundle: TaskBundle, world: BundleWorld, now: Date): BundleDecision {
  const look = gatherBundle(bundle, world, now);
  const decision = firstOf(rules, look) ?? (isOpen(look) ? firstOf(openRules, look) : undefined);
  if (decision) return decision;
  throw new InvariantError(`no rule covers TaskBundle ${bundle.metadata.namespace}/${bundle.metadata.name}`);
}

function firstOf<L>(list: readonly ((look: L) => BundleVerdict | undefined)[], look: L): BundleDecision | undefined {
  for (const rule of list) {
    const verdict = rule(look);
    if (verdict) return { rule: rule.name, ...verdict };
  }
  return undefined;
}
