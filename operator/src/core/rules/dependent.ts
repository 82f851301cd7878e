// A run that depends on others: it waits for them before its first attempt, or is not to begin at all (S130 to S133).
import { FinalReason, LiveReason, NotStartedReason } from "@stint/crds/conditions";

import type { Verdict } from "../decision.ts";
import { settle, type Look } from "../look.ts";
import type { Upstream } from "../world.ts";
import { rejection, rerunCarriedOut } from "./starting.ts";

/** A place in the input, or a run, that the spec may not refer to (S130). */
export function misreferring(look: Look): Verdict | undefined {
  const { danglingRef: pointer } = look.run.input;
  if (!look.last && pointer !== undefined) {
    return rejection(look, FinalReason.InvalidSpec, `inputRefs: there is no null at ${pointer} of the input`);
  }
  const foreign = upstreamsIn(look).find(({ isReachable }) => !isReachable);
  if (!foreign) return undefined;
  const message = `inputRefs: ${foreign.name} is neither in this tree nor in dependsOn`;
  return rejection(look, FinalReason.InvalidSpec, message);
}

/** The run would wait for itself for ever (S132). */
export function cyclic(look: Look): Verdict | undefined {
  if (look.world.waitsForItself !== true) return undefined;
  return rejection(look, FinalReason.UpstreamCycle, `run ${look.run.metadata.name} depends on itself`);
}

/** A run that it needs has ended, and not well (S132). */
export function skipped(look: Look): Verdict | undefined {
  const failed = upstreamsIn(look).find((upstream) => !upstream.allowFailure && upstream.failed)?.failed;
  if (!failed) return undefined;
  const message = `upstream run ${failed.name} is ${failed.phase}`;
  return settle(
    look,
    { kind: "Skipped", reason: NotStartedReason.UpstreamFailed, message },
    { changes: rerunCarriedOut(look) },
  );
}

/** Its upstreams wake it: nothing is looked at again before, but for the deadline (S131). */
export function waitingForUpstream(look: Look): Verdict | undefined {
  const upstreams = upstreamsIn(look);
  if (upstreams.every(({ isOver }) => isOver)) return undefined;
  return settle(
    look,
    { kind: "Pending", reason: LiveReason.WaitingForUpstream, message: inWords(upstreams) },
    { ...(look.deadlineAt && { requeueAt: look.deadlineAt }) },
  );
}

/** The same words however many have ended by now: counting them would be a write for each. */
function inWords(upstreams: readonly Upstream[]): string {
  const missing = upstreams.find(({ exists }) => !exists);
  if (missing) return `upstream run ${missing.name} does not exist`;
  const [first] = upstreams;
  return upstreams.length === 1
    ? `upstream run ${first?.name} has not ended`
    : `not all of ${upstreams.length} upstream runs have ended`;
}

function upstreamsIn({ last, world }: Look): readonly Upstream[] {
  return last ? [] : (world.upstreams ?? []);
}
