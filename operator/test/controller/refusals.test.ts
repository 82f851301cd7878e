// The API server says no to a pod, and what the run makes of it (S195, S98).
import { podName } from "@stint/crds/labels";
import { expect, test } from "vitest";

import { pods, taskRuns } from "../../src/effects/resources.ts";
import type { ApiReason } from "../../src/errors.ts";
import { after, namespace, t0 } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { lives } from "./kubelet.ts";
import { aBox, type ClusterBox, type Operator } from "./operator-in-a-box.ts";

/** Refuses the next creates of pods; answers the seconds at which these and all later ones were asked for. */
function refuse(
  box: ClusterBox,
  { cluster }: Operator,
  reason: ApiReason,
  times: number,
  serverMessage: string,
): number[] {
  const askedAt: number[] = [];
  const create = cluster.create.bind(cluster);
  cluster.create = (resource, ...rest) => {
    if (resource.plural === "pods") askedAt.push((box.clock.now().getTime() - t0.getTime()) / 1000);
    return create(resource, ...rest);
  };
  for (let n = 0; n < times; n++) cluster.failNext("create", pods, apiError(reason, { serverMessage }));
  return askedAt;
}

test("a full quota is waited for, 1 s, 2 s, 4 s and so on up to 60 s, and no budget pays (S195)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  const askedAt = refuse(box, operator, "quotaExceeded", 8, "exceeded quota: compute");

  await box.apply();
  await box.untilReason("QuotaExceeded");
  const waiting = { standing: box.standing, message: box.message };
  await box.untilFinished("square-4", 300_000);

  expect(waiting).toEqual({ standing: "Pending QuotaExceeded", message: "exceeded quota: compute" });
  expect(askedAt).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
  expect(box.standing).toBe("Succeeded Completed");
  expect(box.status).toMatchObject({ attemptCount: 1, userRetries: 0, infrastructureRetries: 0 });
});

test("a quota whose text changes with every pod of the namespace is asked no oftener", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  const askedAt = refuse(box, operator, "quotaExceeded", 1, "exceeded quota: compute, used: pods=1");
  refuse(box, operator, "quotaExceeded", 1, "exceeded quota: compute, used: pods=2");
  refuse(box, operator, "quotaExceeded", 1, "exceeded quota: compute, used: pods=3");

  await box.apply();
  await box.until(() => box.message?.endsWith("pods=3") === true);

  expect(new Set(askedAt)).toEqual(new Set([0, 1, 3]));
  expect(operator.writes().filter((write) => write === "create pods")).toHaveLength(3);
});

test("a cancel does not wait for the quota", async () => {
  const { box, operator } = await aBox();
  refuse(box, operator, "quotaExceeded", 100, "exceeded quota");
  await box.apply();
  await box.clock.advance(40_000);

  box.edit({ cancel: true });
  await box.untilFinished("square-4", 1000);

  expect(box.standing).toBe("Canceled Canceled");
});

test("a deadline does not wait for the quota", async () => {
  const { box, operator } = await aBox();
  refuse(box, operator, "quotaExceeded", 100, "exceeded quota");

  await box.apply({ deadlineSeconds: 40 });
  await box.untilFinished();

  expect(box.standing).toBe("Failed DeadlineExceeded");
  expect(box.status.finishedAt).toBe(after(40).toISOString());
});

test("a namesake of a run that was refused asks at once", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  const askedAt = refuse(box, operator, "quotaExceeded", 7, "exceeded quota");
  await box.apply();
  await box.until(() => askedAt.length === 7);

  box.hand.deleteByHand(taskRuns, { namespace, name: "square-4" });
  await box.apply();
  await box.untilFinished();

  expect(askedAt.slice(-2)).toEqual([63, 63]);
});

test("a ServiceAccount that is not there yet is waited for (S195)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  const askedAt = refuse(box, operator, "serviceAccountMissing", 3, 'serviceaccount "default" not found');

  await box.apply();
  await box.untilFinished();

  expect(askedAt).toEqual([0, 1, 3, 7]);
  expect(box.standing).toBe("Succeeded Completed");
  expect(box.status.attemptCount).toBe(1);
});

test("a ServiceAccount that is not there after a minute fails the run (S195)", async () => {
  const { box, operator } = await aBox();
  refuse(box, operator, "serviceAccountMissing", 100, 'serviceaccount "robot" not found');

  await box.apply();
  await box.untilFinished();

  expect(box.standing).toBe("Failed PodRejected");
  expect(box.message).toBe('serviceaccount "robot" not found');
  expect(box.clock.now().getTime()).toBeLessThanOrEqual(after(64).getTime());
});

test.each(["invalid", "forbidden", "badRequest"] as const)(
  "any other no (%s) is final, in the API server's words (S195)",
  async (reason) => {
    const { box, operator } = await aBox();
    refuse(box, operator, reason, 1, "pods is forbidden: violates PodSecurity");

    await box.apply();
    await box.untilFinished();

    expect(box.standing).toBe("Failed PodRejected");
    expect(box.message).toBe("pods is forbidden: violates PodSecurity");
    expect(box.status).toMatchObject({ attempts: [{ class: "Final" }], userRetries: 0, infrastructureRetries: 0 });
    expect(box.events).toEqual(["PodRejected"]);
  },
);

test("a foreign pod under the attempt's name ends the run, and is left alone (S98)", async () => {
  const { box } = await aBox();
  const { metadata } = await box.apply({ startAt: after(60).toISOString() });
  const name = podName(metadata, 1);
  const job = { apiVersion: "batch/v1", kind: "Job", name: "nightly", uid: "job-uid", controller: true };
  box.hand.seed(pods, { metadata: { namespace, name, uid: "foreign", ownerReferences: [job] }, spec: {} });

  await box.untilFinished();

  expect(box.standing).toBe("Failed PodRejected");
  expect(box.message).toBe(`pod ${name} exists and belongs to Job nightly (uid job-uid)`);
  expect(box.pods.map(({ metadata: { uid } }) => uid)).toEqual(["foreign"]);
});

test("a pod that is there already as ours is taken for the one that was to be made (S98)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  const standby = await box.start({ leads: false });
  const release = standby.cluster.holdBack(pods);
  await box.apply();
  await box.until(() => box.podOf(1) !== undefined);
  operator.kill();

  standby.lead();
  await box.until(() => standby.writes().includes("create pods"));
  release();
  await box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
  expect(box.status.attemptCount).toBe(1);
  expect(box.pods).toHaveLength(1);
});

test("an API server that is too busy is asked again, and nobody pays", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  const busy = apiError("tooManyRequests", { status: 429, retryAfterMs: 7000 });
  for (let n = 0; n < 3; n++) operator.cluster.failNext("create", pods, busy);

  await box.apply();
  await box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
  expect(box.status).toMatchObject({ attemptCount: 1, userRetries: 0, infrastructureRetries: 0 });
});
