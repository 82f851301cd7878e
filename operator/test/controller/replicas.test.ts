// Several processes of the operator: one leads, the others keep their caches warm and serve their gateways.
import { expect, test } from "vitest";

import { valueOf } from "../fakes/telemetry.ts";
import { lives } from "./kubelet.ts";
import { aBox } from "./operator-in-a-box.ts";

test("a replica that does not lead writes nothing and queues nothing, however much happens (A2)", async () => {
  const { box } = await aBox({ lives: [lives.lasts] });
  const standby = await box.start({ leads: false });

  for (const name of ["one", "two"]) await box.apply({}, name);
  for (const name of ["one", "two"]) await box.untilReason("AttemptRunning", name);

  expect(await valueOf(standby.metrics.queueAdds)).toBe(0);
  expect(standby.writes()).toEqual([]);
});

test("who begins to lead looks at everything that is there, and finds nothing to do where all is well", async () => {
  const { box, operator } = await aBox({ lives: [lives.lasts] });
  const standby = await box.start({ leads: false });
  for (const name of ["one", "two"]) await box.apply({}, name);
  for (const name of ["one", "two"]) await box.untilReason("AttemptRunning", name);
  operator.kill();

  standby.lead();
  await box.clock.advance(1000);

  expect(await valueOf(standby.metrics.queueAdds, { queue: "runs" })).toBeGreaterThanOrEqual(2);
  expect(standby.writes()).toEqual([]);
});

test("a run goes from one leader to the next without a second pod and without a charge", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  const standby = await box.start({ leads: false });
  await box.apply();
  await box.until(() => box.podOf(1) !== undefined);
  operator.kill();

  standby.lead();
  await box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
  expect(box.status).toMatchObject({ attemptCount: 1, infrastructureRetries: 0 });
  expect(box.mostLivePods).toBe(1);
});

test("a report finds any replica, and none of them is asked twice for what is acknowledged (S52)", async () => {
  const { box } = await aBox({ lives: [lives.succeeds] });
  const standby = await box.start({ leads: false });

  await box.apply();
  await box.untilFinished();
  await box.clock.advance(10_000);

  expect(standby.writes()).toEqual(["replaceStatus taskruns"]);
  expect(box.acknowledged).toHaveLength(1);
});
