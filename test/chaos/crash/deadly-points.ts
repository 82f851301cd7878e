// Stands in for operator/src/points.ts in the operator that built.ts builds: it dies by SIGKILL at the pass of a delicate point
// that its environment names, `after-status#2`. Its last words say that it came there.
import { writeSync } from "node:fs";

import type { PassPoint, Point } from "../../../operator/src/points.ts";

const end = process.env["STINT_TEST_CRASH_AT"];
const passes = new Map<Point, number>();

export const passing: PassPoint = async (point) => {
  const pass = (passes.get(point) ?? 0) + 1;
  passes.set(point, pass);
  if (`${point}#${pass}` !== end) return;
  writeSync(process.stdout.fd, `${JSON.stringify({ level: 30, msg: "dies here", at: end })}\n`);
  process.kill(process.pid, "SIGKILL");
};
