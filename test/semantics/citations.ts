// Which test cites which item: an id counts for the test in whose title or body it stands, or else for the next one, as a
// comment above it does.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parseSync, Visitor } from "oxc-parser";

import { root } from "../architecture/sources.ts";

export interface Citation {
  readonly id: string;
  readonly file: string;
  /** Title of the test; absent for a file of rows or helpers that tests read. */
  readonly test?: string;
}

export interface TestCall {
  readonly title: string;
  readonly start: number;
  readonly end: number;
}

const testFile = /\.(test|e2e|slow|test-d)\.ts$/;
/** Parts of test folders that are no tests, and may name items for the reader's sake alone. */
const ignored = /(^|\/)(node_modules|dist|kit|fakes|semantics|cluster)\//;

/** Every citation in the test folders of all packages. */
export function readCitations(): Citation[] {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
    .map(({ name }) => (name === "test" ? name : join(name, "test")));
  return folders.flatMap(filesBelow).flatMap((file) => citationsOf(file, readFileSync(join(root, file), "utf8")));
}

export function citationsOf(file: string, text: string): Citation[] {
  const tests = testFile.test(file) ? testCallsOf(file, text) : [];
  return [...text.matchAll(/\bS(\d{1,3})\b/g)].map(({ 0: id, index }) => {
    const title = titleFor(index, tests);
    return { id, file, ...(title !== undefined && { test: title }) };
  });
}

function filesBelow(folder: string): string[] {
  const entries = (() => {
    try {
      return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
    } catch {
      return []; // a package without tests of its own
    }
  })();
  return entries.map((file) => join(folder, file)).filter((file) => file.endsWith(".ts") && !ignored.test(file));
}

export function testCallsOf(file: string, text: string): TestCall[] {
  const calls: TestCall[] = [];
  new Visitor({
    CallExpression(node) {
      const callee = text.slice(node.callee.start, node.callee.end);
      // Of a test for the real cluster alone the first argument says why.
      const said = node.arguments[/^(testOnRealCluster|scenario\.\w+)$/.test(callee) ? 1 : 0];
      if (!/^(test|testOnRealCluster|it|scenario|law|describe|expectTypeOf)\b/.test(callee) || !said) return;
      const title = text.slice(said.start, said.end).replace(/^["'`]|["'`]$/g, "");
      calls.push({ title, start: node.start, end: node.end });
    },
  }).visit(parseSync(file, text).program);
  return calls;
}

/** The innermost test around a place, else the next one below it. */
export function titleFor(place: number, tests: readonly TestCall[]): string | undefined {
  const around = tests.filter(({ start, end }) => start <= place && place < end);
  const innermost = around.toSorted((a, b) => a.end - a.start - (b.end - b.start))[0];
  const below = tests.filter(({ start }) => start > place).toSorted((a, b) => a.start - b.start)[0];
  return (innermost ?? below)?.title;
}
