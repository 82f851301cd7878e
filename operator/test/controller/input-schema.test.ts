// A schema is asked about the input itself, which no cache holds (S37): what that costs, and whom.
import { sha256Hex } from "@stint/crds/hash";
import { expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import { aManifestTask } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { lives } from "./kubelet.ts";
import { aBox } from "./operator-in-a-box.ts";

const inputSchema = { type: "array", prefixItems: [{ type: "number", maximum: 9 }] };
const manifest = [aManifestTask({ inputSchema })];

function reads(calls: readonly { readonly verb: string; readonly resource: string }[]): number {
  return calls.filter(({ verb, resource }) => verb === "get" && resource === "taskruns").length;
}

test("a bad input ends the run before any pod, and no attempt is recorded (S37, S40)", async () => {
  const { box } = await aBox({ manifest });

  await box.apply({ input: [10] });
  await box.untilFinished();

  expect(box.standing).toBe("Failed InvalidInput");
  expect(box.message).toBe("input does not match the schema of math/square: /0: must be at most 9");
  expect(box.status.attempts ?? []).toEqual([]);
  expect(box.pods).toEqual([]);
});

test("a good one costs one read, and no write more than without a schema (S299)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds], manifest });
  const plain = await aBox({ lives: [lives.succeeds] });

  await box.apply({ input: [4] });
  await box.untilFinished();
  await plain.box.apply({ input: [4] });
  await plain.box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
  expect(operator.writes()).toEqual(plain.operator.writes());
  expect(reads(operator.cluster.calls)).toBe(reads(plain.operator.cluster.calls) + 1);
});

test("an input that is changed while it is read is not accepted for another one (S158)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds], manifest });
  const change = (input: unknown): void => box.edit({ input });
  operator.cluster.beforeNext("get", taskRuns, () => change([4]));
  operator.cluster.beforeNext("replaceStatus", taskRuns, () => change([10]));

  await box.apply({ input: [10] });
  await box.untilFinished();

  expect(box.standing).toBe("Failed InvalidInput");
  expect(box.status.inputHash).toBe(sha256Hex("[10]"));
  expect(box.pods).toEqual([]);
});

test("a read that fails is made again", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds], manifest });
  operator.cluster.failNext("get", taskRuns, apiError("unavailable"));

  await box.apply({ input: [4] });
  await box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
});
