import * as fc from "fast-check";
import { expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import { acceptReport, digestOf } from "../../src/gateway/report.ts";
import { anAttempt, aSuccess, namespace, podUid } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

const run = { namespace, name: "square-4" };
const pod = { namespace, podName: anAttempt().podName, podUid: podUid(1) };

/** What may happen between two reports, or in the middle of one. */
const fates = {
  conflict: (box) => box.cluster.failNext("replaceStatus", taskRuns, apiError("conflict")),
  refusedWrite: (box) => box.cluster.failNext("replaceStatus", taskRuns, apiError("tooManyRequests")),
  lostWrite: (box) => box.cluster.failNext("replaceStatus", taskRuns, apiError("unavailable")),
  lostAnswer: (box) => box.cluster.commitThenFailNext("replaceStatus", taskRuns),
  lostRead: (box) => box.cluster.failNext("get", taskRuns, apiError("unavailable")),
  cacheFallsBehind: (box) => box.caches.fallBehind(),
  cacheCatchesUp: (box) => box.caches.catchUp(),
  otherWriter: (box) => box.cluster.beforeNext("replaceStatus", taskRuns, () => setTtl(box)),
  cancel: (box) => box.cluster.edit(taskRuns, run, (live) => ({ ...live, spec: { ...live.spec, cancel: true } })),
} satisfies Record<string, (box: GatewayBox) => void>;

let ttl = 0;

function setTtl(box: GatewayBox): void {
  ttl += 1;
  box.cluster.edit(taskRuns, run, (live) => ({ ...live, spec: { ...live.spec, ttlSecondsAfterFinished: ttl } }));
}

const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ report: fc.constantFrom(1, 2) }) },
  { weight: 3, arbitrary: fc.record({ fate: fc.constantFrom(...(Object.keys(fates) as (keyof typeof fates)[])) }) }, // its own keys
);

test("what is acknowledged is in the status and stays so, whatever else is reported (S52)", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const box = new GatewayBox();
      const acknowledged = new Set<number>();

      for (const taken of steps) {
        if ("fate" in taken) fates[taken.fate](box);
        else if (await isAcknowledged(taken.report, box)) acknowledged.add(taken.report);

        expect(acknowledged.size).toBeLessThanOrEqual(1);
        for (const value of acknowledged) {
          expect(box.run()?.status).toMatchObject({ result: value, attempts: [{ report: digestOf(aSuccess(value)) }] });
        }
      }
      for (const value of acknowledged) expect(await isAcknowledgedInTheEnd(value, box)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

/** Faults that no call has met yet stand in the way of at most as many tries. */
async function isAcknowledgedInTheEnd(value: number, box: GatewayBox): Promise<boolean> {
  for (let tries = 0; tries <= 12; tries++) if (await isAcknowledged(value, box)) return true;
  return false;
}

async function isAcknowledged(value: number, { deps }: GatewayBox): Promise<boolean> {
  try {
    await acceptReport(pod, aSuccess(value), deps);
    return true;
  } catch {
    return false;
  }
}
