import { expect, test } from "vitest";

import { aManifestTask, namespace } from "../builders.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

const pod = { namespace, podName: "math-abcde-r2-1", podUid: "registration-uid" };

test("the tasks of a registration are handed on with the pod that posted them", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.post("tasks", { tasks: [aManifestTask()] }, { token: await box.token(pod) });

  expect(answer).toMatchObject({ status: 200, body: { accepted: true } });
  expect(box.posted).toEqual([[{ ...pod, nodeName: "node-1" }, [aManifestTask()]]]);
});

test.each([
  { acceptance: "notCurrent", status: 409, code: "NotCurrent" },
  { acceptance: "notYet", status: 503, code: "Unavailable" },
] as const)("a pod that is $acceptance is told so", async ({ acceptance, status, code }) => {
  await using box = await GatewayBox.open();
  box.acceptance = acceptance;

  const answer = await box.post("tasks", { tasks: [] }, { token: await box.token(pod) });

  expect(answer).toMatchObject({ status, body: { code } });
});
