import { expect, test } from "vitest";

import { specMutability, TaskRunSpecSchema } from "../src/taskrun.ts";

test("each field of a run's spec is immutable, mutable or seen by the input's hash, and only one of them (S158)", () => {
  const { mutable, immutable, seenByHash } = specMutability;

  const listed = [...mutable, ...immutable, ...seenByHash];

  expect(listed.toSorted()).toEqual(Object.keys(TaskRunSpecSchema.shape).toSorted());
});
