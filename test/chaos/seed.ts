// One seed in a process of its own: `node test/chaos/seed.ts 7 <assets>` prints what came of it, as one line of JSON. Of a seed that broke
// a rule everything that was seen is kept in test/chaos/failures.
import { mkdirSync, writeFileSync } from "node:fs";

import { say } from "../shell.ts";
import { planOf } from "./plan.ts";
import { play } from "./play.ts";
import { summaryOf } from "./summary.ts";

const [seed = "", assets = ""] = process.argv.slice(2);
const plan = planOf(Number(seed));
const began = performance.now();
const played = await play(plan, assets);
const summary = summaryOf(plan, played, (performance.now() - began) / 1000);
if (summary.violations.length > 0) {
  const folder = new URL("./failures/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`seed-${seed}.json`, folder), JSON.stringify({ plan, ...played.history }));
  writeFileSync(new URL(`seed-${seed}.log`, folder), played.log.join("\n"));
}
say(JSON.stringify(summary));
