// The bundles of a harness, registered as any bundle is: by a pod that lists its tasks.
import { Ready, RegistrationState } from "@stint/crds/conditions";
import type { TaskBundle } from "@stint/crds/taskbundle";
import { taskBundles } from "@stint/operator/effects/resources";

import { HarnessError } from "./errors.ts";
import type { HarnessSettings } from "./options.ts";
import { headStartMs, namespace, type World } from "./world.ts";

/** Creates the bundles. Resolves once all of them are Ready; throws a {@link HarnessError} for one that cannot be. */
export async function registerBundles(world: World, { bundles, defaults }: HarnessSettings): Promise<void> {
  const spec = { source: { image: { reference: "in-process" } }, defaults };
  for (const name of bundles.keys()) await world.hand.create(taskBundles, namespace, { metadata: { name }, spec });
  await world.pacer.until({
    isOver: () => world.hand.peekAll(taskBundles).every(isReady),
    family: () => new Set(),
    patientUntilMs: () => headStartMs,
    late: () => notAccepted(world.hand.peekAll(taskBundles).find((bundle) => !isReady(bundle))),
    signal: new AbortController().signal,
  });
}

function isReady(bundle: TaskBundle): boolean {
  const { status } = bundle;
  if (status?.registering?.state === RegistrationState.RegistrationFailed) throw notAccepted(bundle);
  return readyOf(bundle)?.status === "True";
}

function readyOf({ status }: TaskBundle) {
  return status?.conditions?.find(({ type }) => type === Ready);
}

function notAccepted(bundle: TaskBundle | undefined): HarnessError {
  const { reason = "", message = "" } = (bundle && readyOf(bundle)) ?? {};
  return new HarnessError(
    `The tasks of bundle ${bundle?.metadata.name} are not accepted: ${reason}: ${message}. Change what it names, in a task's options or in those of createHarness().`,
  );
}
