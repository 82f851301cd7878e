import { expect, test } from "vitest";

import { citationsOf } from "./citations.ts";
import { readContract } from "./contract.ts";

test("an id counts for the test around it, else for the one below it", () => {
  const text = `
    // S1 is about names.
    test("a name", () => {});
    describe("retries (S2)", () => {
      test("a wait", () => { /* S3 */ });
    });
  `;

  expect(citationsOf("x.test.ts", text)).toEqual([
    { id: "S1", file: "x.test.ts", test: "a name" },
    { id: "S2", file: "x.test.ts", test: "retries (S2)" },
    { id: "S3", file: "x.test.ts", test: "a wait" },
  ]);
});

test("a scenario of the real cluster has its title behind its needs", () => {
  const text = `scenario.onRealCluster(needs, "a drain (S4)", [], () => {});`;

  expect(citationsOf("x.e2e.ts", text)).toEqual([{ id: "S4", file: "x.e2e.ts", test: "a drain (S4)" }]);
});

test("a file of rows, which tests read, has no test of its own", () => {
  expect(citationsOf("rows.ts", "const row = { says: 'S12 a row' };")).toEqual([{ id: "S12", file: "rows.ts" }]);
});

test("items of the contract are known by their id, section and first words", () => {
  const page =
    "## 1 Defining\n- **S1** **Forms.** `task(name)` …\n## 2 Input\nS9 in a text\n- **S29** **Two forms.** An array";

  expect(readContract(page)).toEqual([
    { id: "S1", section: 1, title: "Forms" },
    { id: "S29", section: 2, title: "Two forms" },
  ]);
});
