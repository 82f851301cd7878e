// core/ is pure: synchronous, without a clock, randomness or a process.
import { Visitor } from "oxc-parser";
import { expect, test } from "vitest";

import { parse, sources, type Source } from "./sources.ts";

function impurities(source: Source): string[] {
  const found: string[] = [];
  const note = (words: string) => () => void found.push(`${source.path}: ${words}`);
  const asynchronous = note("core/ is synchronous");
  const visitor = new Visitor({
    AwaitExpression: asynchronous,
    FunctionDeclaration: (node) => void (node.async && asynchronous()),
    FunctionExpression: (node) => void (node.async && asynchronous()),
    ArrowFunctionExpression: (node) => void (node.async && asynchronous()),
    NewExpression: (node) => {
      const date = node.callee.type === "Identifier" && node.callee.name === "Date";
      if (date && node.arguments.length === 0) note("take `now` as an argument")();
    },
    MemberExpression: (node) => {
      const text = source.text.slice(node.start, node.end);
      if (text === "Date.now" || text === "performance.now") note("take `now` as an argument")();
      if (text === "Math.random") note("derive jitter from (uid, attempt)")();
    },
    Identifier: (node) => void (node.name === "process" && note("configuration arrives as an argument")()),
  });
  visitor.visit(parse(source).program);
  return found;
}

const core = sources().filter(({ path }) => path.startsWith("operator/src/core/"));

test("core/ is pure", () => {
  const found = core.flatMap(impurities);

  expect(core.length).toBeGreaterThan(10);
  expect(found).toEqual([]);
});

test.each([
  ["export async function look() {}", "core/ is synchronous"],
  ["export const look = async () => 1;", "core/ is synchronous"],
  ["await work();", "core/ is synchronous"],
  ["export const at = new Date();", "take `now` as an argument"],
  ["export const at = Date.now();", "take `now` as an argument"],
  ["export const draw = Math.random();", "derive jitter from (uid, attempt)"],
  ["export const home = process.env.HOME;", "configuration arrives as an argument"],
])("%s is refused", (text, words) => {
  const found = impurities({ path: "operator/src/core/planted.ts", text });

  expect(found).toEqual([`operator/src/core/planted.ts: ${words}`]);
});
