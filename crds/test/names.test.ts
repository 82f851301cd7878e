import { describe, expect, test } from "vitest";

import { labelProblem, parameterNameProblem, tagProblem, taskNameProblem, versionProblem } from "../src/names.ts";

const nameRule = "use 1 to 256 of A-Z a-z 0-9 _ - . /, beginning and ending with a letter, a digit or _";

describe("a task's name (S3, S4, S6)", () => {
  test.each(["a", "_", "images/resize", "a-b.c_D/9", "stint", "stintless/a", "a".repeat(256)])("may be %s", (name) => {
    expect(taskNameProblem(name)).toBeUndefined();
  });

  test.each(["a b", "-a", "a/", ".a", "ä", "a:7", "a\n", "a".repeat(257)])("may not be %j", (name) => {
    expect(taskNameProblem(name)).toBe(`Task name "${name}" is not allowed: ${nameRule}`);
  });

  test("may not be empty, nor begin as ours do", () => {
    expect(taskNameProblem("")).toBe("A task needs a name");
    expect(taskNameProblem("stint/x")).toBe('Task name "stint/x" is reserved');
    expect(taskNameProblem("stint.x")).toBe('Task name "stint.x" is reserved');
  });
});

test("a parameter may have any name but the reserved ones (S6)", () => {
  expect(parameterNameProblem("t", ["a", "wait"])).toBeUndefined();
  expect(parameterNameProblem("t", ["a", "constructor"])).toBe('Task "t": parameter name "constructor" is reserved');
});

test.each([
  ["nightly", true],
  ["a.b_c-9", true],
  ["x".repeat(63), true],
  ["x".repeat(64), false],
  ["-x", false],
  ["x.", false],
  ["", false],
])("the tag %j: allowed is %s (S18)", (tag, isAllowed) => {
  const problem = `tag "${tag}" is not allowed: use 1 to 63 of A-Z a-z 0-9 _ - .`;

  expect(tagProblem(tag)).toBe(isAllowed ? undefined : problem);
});

describe("a label (S6, S20)", () => {
  test.each([{ type: "cpu" }, { "acme.example/team": "" }, { "a.b-c/d_e": "x.y" }])("may be %j", (labels) => {
    expect(labelProblem("t", labels)).toBeUndefined();
  });

  test.each([
    [{ "stint.dev/run": "x" }, 'Task "t": label "stint.dev/run" is reserved'],
    [{ "tag.stint.dev/x": "" }, 'Task "t": label "tag.stint.dev/x" is reserved'],
    [{ "a/b/c": "" }, 'Task "t": label "a/b/c: " does not follow the label syntax of Kubernetes'],
    [{ type: "c p u" }, 'Task "t": label "type: c p u" does not follow the label syntax of Kubernetes'],
    [{ "Acme/x": "" }, 'Task "t": label "Acme/x: " does not follow the label syntax of Kubernetes'],
  ])("may not be %j", (labels, problem) => {
    expect(labelProblem("t", { ...labels })).toBe(problem);
  });
});

describe("a version (S252)", () => {
  test.each(["v0.0", "v1.3", "v10.20"])("may be %s", (version) => {
    expect(versionProblem("t", version)).toBeUndefined();
  });

  test.each(["", "1.3", "v1", "v1.3.0", "v01.3", "v1.03", "v1.x", " v1.3", "v1.3\n"])("may not be %j", (version) => {
    expect(versionProblem("t", version)).toBe(`Task "t": invalid version "${version}", expected v<major>.<minor>`);
  });
});
