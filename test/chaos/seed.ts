// One seed in a process of its own: `node test/chaos/seed.ts 7 <assets>` prints what came of it, as one line of JSON.
import { say } from "../shell.ts";
import { keepEvidence } from "./evidence.ts";
import { planOf } from "./plan.ts";
import { play } from "./play.ts";
import { summaryOf } from "./summary.ts";

const [seed = "", assets = ""] = process.argv.slice(2);
const plan = planOf(Number(seed));
const began = performance.now();
const played = await play(plan, assets);
const summary = summaryOf(plan, played, (performance.now() - began) / 1000);
keepEvidence(plan, played);
say(JSON.stringify(summary));
