// Docs that cannot lie: what a page lists is what the code has, in both directions.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { FinalReason, InfrastructureReason, UserReason } from "@stint/crds/conditions";
import { stateRowOf, stateRows, type StateRow } from "@stint/crds/states";
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

test("the table of states in the contract is that of the code (S155)", () => {
  const section = page("semantics.md").split("- **S155**")[1]?.split("\n- **S156**")[0] ?? "";
  const rows = section
    .split("\n")
    .filter((line) => /^\| (Pending|Running|Suspended|Succeeded|Failed|Skipped|Canceled)\b/.test(line))
    .map((line) => line.slice(2, -2).split(" | "));

  const written = rows.map(([state = "", ...names]) => [state.split(" ")[0], state.includes("tolerated"), ...names]);
  const inWords = (state: readonly unknown[]): string => state.join(" | ");
  const known = stateRows.map((row) => [
    row.phase,
    row.tolerated ?? false,
    ...[row.render, row.rhythm, row.prefect, row.tilebox, row.taskiq].map((name) => name ?? "–"),
  ]);
  expect(new Set(written.map(inWords))).toEqual(new Set(known.map(inWords)));

  // A row that stands for the rest of its phase gives only some of its reasons, and infrastructure's not by name.
  for (const [state = "", ...names] of rows) {
    for (const [, reason = ""] of state.matchAll(/`(\w+)`/g)) {
      const row = stateRowOf(state.split(" ")[0] as StateRow["phase"], reason); // checked above
      expect([row?.render ?? "–", row?.taskiq ?? "–"]).toEqual([names[0], names[4]]);
    }
  }
});

test("examples that are applied have fixed names (S292)", () => {
  const files = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" });
  const manifests = files.filter((file) => file.endsWith(".yaml"));

  expect(manifests.length).toBeGreaterThan(0);
  const generated = manifests.filter((file) => /generateName/.test(readFileSync(join(root, "examples", file), "utf8")));
  expect(generated).toEqual([]);
});

test("every claim of the page on security names tests that there are", () => {
  const rows = page("security.md")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (threat|---)/.test(line));
  const shownBy = rows.map((row) => [...row.matchAll(/\[([^\]]+)\]\(\.\.\/([^)]+)\)/g)]);

  expect(shownBy.filter((links) => links.length === 0)).toEqual([]);
  const untrue = shownBy
    .flat()
    .filter(([, title = "", file = ""]) => !readFileSync(join(root, file), "utf8").includes(`"${title}"`));
  expect(untrue.map(([link]) => link)).toEqual([]);
});
