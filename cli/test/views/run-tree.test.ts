import { expect, test } from "vitest";

import { branchesOf, runTree } from "../../src/views/run-tree.ts";
import { aChild, aRun, ended, live } from "../builders.ts";

const now = new Date("2027-01-01T00:10:00Z");

test("children stand below their parent, in the order of their creation", () => {
  const root = aRun("sum", live("Running", "AttemptRunning", { startedAt: "2027-01-01T00:09:00Z" }));
  const done = ended("Succeeded", "Completed");
  const others = [aChild("b", "sum", done), aChild("b1", "b", done), aChild("b2", "b", done), aChild("c", "sum")];

  const text = runTree(branchesOf(root, others.toReversed()), now, 80);

  expect(`\n${text}\n`).toMatchInlineSnapshot(`
    "
    RUN       TASK         PHASE      REASON          ATTEMPTS  DURATION
    sum       math/square  Running    AttemptRunning         0        1m
    ├─ b      math/square  Succeeded  Completed              1        2s
    │  ├─ b1  math/square  Succeeded  Completed              1        2s
    │  └─ b2  math/square  Succeeded  Completed              1        2s
    └─ c      math/square  Pending                           0
    "
  `);
});

test("the children of an earlier run of the same name are not shown", () => {
  const root = { ...aRun("sum"), metadata: { ...aRun("sum").metadata, uid: "uid-of-the-second" } };

  const branches = branchesOf(root, [aChild("a", "sum")]);

  expect(branches.map(({ run }) => run.metadata.name)).toEqual(["sum"]);
});
