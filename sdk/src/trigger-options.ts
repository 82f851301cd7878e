import type { StartOptions } from "@stint/crds/attempt";
import { limits } from "@stint/crds/limits";

import { instant, ofOneSize, runRules } from "./options.ts";
import { object, text, type Rules } from "./rules.ts";

/** Trigger options as they are kept. */
export interface DefinedTrigger extends Omit<StartOptions, "tagPolicy"> {
  readonly bundle?: string;
  readonly namespace?: string;
  readonly name?: string;
}

const triggerRules: Rules<DefinedTrigger> = {
  ...runRules,
  startAt: instant,
  bundle: text(limits.bundleNameLength),
  namespace: text(63),
  name: text(limits.runNameLength),
};

/** As {@link parseTaskOptions}. */
export function parseTriggerOptions(task: string, options: unknown): DefinedTrigger {
  return ofOneSize(task, object(triggerRules)(options, { task, field: "" }));
}
