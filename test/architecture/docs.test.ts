// Docs that cannot lie: what a page lists is what the code has, in both directions.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { FinalReason, InfrastructureReason, UserReason } from "@stint/crds/conditions";
import { expect, test } from "vitest";

import { root } from "./sources.ts";

const page = (path: string): string => readFileSync(join(root, "docs", path), "utf8");

test("the page on failures lists every reason with its class, and no other", () => {
  const listed = [...page("reference/failures.md").matchAll(/^\| `(\w+)`\s*\| (\w+)\s*\|/gm)].map(
    ([, reason, of]) => `${reason} ${of}`,
  );

  const known = [
    ...Object.keys(UserReason).map((reason) => `${reason} User`),
    ...Object.keys(InfrastructureReason).map((reason) => `${reason} Infrastructure`),
    ...Object.keys(FinalReason).map((reason) => `${reason} Final`),
  ];
  expect(listed.toSorted()).toEqual(known.toSorted());
});

test("every reason of the code stands in the contract", () => {
  const contract = page("semantics.md");

  const missing = [UserReason, InfrastructureReason, FinalReason]
    .flatMap(Object.keys)
    .filter((reason) => !contract.includes(`\`${reason}\``));
  expect(missing).toEqual([]);
});
