// The list of breakages, without running them: `make mutations` does that.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { broken } from "./broken.ts";
import { type Mutation, mutations } from "./mutations.ts";

const devcluster = join(import.meta.dirname, "../../devcluster");

const mutation: Mutation = { says: "it lies", file: "a.ts", find: "one", replace: "two", contract: "objects" };

describe("a breakage", () => {
  test.each(mutations)("still stands in $file: $says", (each) => {
    const source = readFileSync(join(devcluster, "src", each.file), "utf8");

    expect(broken(source, each)).not.toBe(source);
    expect(existsSync(join(devcluster, "test/contract", `${each.contract}.test.ts`))).toBe(true);
  });

  test("replaces its text and nothing else", () => {
    expect(broken("just one thing", mutation)).toBe("just two thing");
  });

  test.each([
    { given: "is no longer there", source: "nothing", because: "its text stands no longer in devcluster/src/a.ts" },
    { given: "is there twice", source: "one and one", because: "its text stands 2 times in devcluster/src/a.ts" },
  ])("whose text $given is an error, and not a test that passes", ({ source, because }) => {
    expect(() => broken(source, mutation)).toThrow(`breakage "it lies": ${because}`);
  });
});
