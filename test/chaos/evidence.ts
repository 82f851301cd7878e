import { mkdirSync, writeFileSync } from "node:fs";

import type { Plan } from "./plan.ts";
import type { Played } from "./play.ts";

const folder = new URL("./failures/", import.meta.url);

/** Of a seed that broke a rule: keeps everything that was seen, in test/chaos/failures. */
export function keepEvidence(plan: Plan, { violations, history, log }: Played): void {
  if (violations.length === 0) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`seed-${plan.seed}.json`, folder), JSON.stringify({ plan, violations, ...history }));
  writeFileSync(new URL(`seed-${plan.seed}.log`, folder), log.join("\n"));
}
