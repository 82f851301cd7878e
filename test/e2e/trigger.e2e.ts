// The SDK from a Node program outside the cluster, through the kubeconfig.
import { taskRef, TaskRunError } from "@stint/sdk";
import { beforeAll, describe, expect } from "vitest";

import { getRun, namespace } from "./kit/cluster.ts";
import { prepareBundle } from "./kit/prepare.ts";
import { scenario } from "./kit/scenario.ts";

beforeAll(prepareBundle);

const square = taskRef<[number], number>("e2e/square");
const fails = taskRef<[string], never>("e2e/fails");
const sleeps = taskRef<[number], string>("e2e/sleeps");

describe("trigger", () => {
  scenario("a program triggers a run and awaits its result", ["from-outside"], async () => {
    const handle = await square.trigger([7], { namespace, name: "from-outside", tags: ["nightly"] });

    expect(await handle.result()).toBe(49);
    expect((await getRun("from-outside")).metadata.labels).toMatchObject({
      "stint.dev/bundle": "e2e",
      "tag.stint.dev/nightly": "",
    });
  });

  scenario("a run that exists under the name is returned, unless it is another task's", ["same-name"], async () => {
    const first = await square.trigger([3], { namespace, name: "same-name" });
    const second = await square.trigger([3], { namespace, name: "same-name" });

    expect(second.id).toBe(first.id);
    await expect(fails.trigger(["x"], { namespace, name: "same-name" })).rejects.toThrow(
      "run same-name exists and belongs to e2e/square",
    );
    expect(await second.result()).toBe(9);
  });

  scenario("a failed run throws a TaskRunError, and details() does not", ["outside-failure"], async () => {
    const handle = await fails.trigger(["broken"], { namespace, name: "outside-failure", retry: { maxRetries: 0 } });

    const error = await handle.result().catch((thrown: unknown) => thrown);
    const details = await handle.details();

    expect(error).toBeInstanceOf(TaskRunError);
    expect(error).toMatchObject({ reason: "TaskError", phase: "Failed", attempts: 1 });
    expect(details).toMatchObject({ phase: "Failed", reason: "TaskError", attempts: 1 });
  });

  scenario("a triggered run can be canceled", ["outside-cancel"], async () => {
    const handle = await sleeps.trigger([600], { namespace, name: "outside-cancel" });

    await handle.cancel();

    expect(await handle.details()).toMatchObject({ phase: "Canceled", reason: "Canceled" });
  });
});
