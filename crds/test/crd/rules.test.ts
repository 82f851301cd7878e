import { describe, expect, test } from "vitest";

import { ruleComplaints } from "../../src/crd/rules.ts";
import type { JsonObject } from "../../src/json.ts";

const properties = {
  name: { type: "string", maxLength: 9 },
  text: { type: "string" },
  mode: { type: "string", enum: ["a", "b"] },
  at: { type: "string", format: "date-time" },
  list: { type: "array", items: { type: "string", maxLength: 9 } },
  bounded: { type: "array", maxItems: 3, items: { type: "string" } },
  map: { type: "object", additionalProperties: { type: "integer" } },
  deep: { type: "object", properties: { text: { type: "string" } } },
  any: { "x-kubernetes-preserve-unknown-fields": true },
};

function complaintsAbout(rule: JsonObject, path = "spec"): readonly string[] {
  const schema = { type: "object", properties, "x-kubernetes-validations": [{ message: "no", ...rule }] };
  return [...ruleComplaints(schema, path)];
}

describe("a rule may compare what is bounded", () => {
  test.each([
    "self.name == oldSelf.name",
    "self.mode != 'a'",
    "self.at == oldSelf.at",
    "self.name.startsWith('a')",
    "self.?name == oldSelf.?name",
    "!has(self.text) || has(self.list)", // asking for presence costs nothing
  ])("%s", (rule) => {
    expect(complaintsAbout({ rule })).toEqual([]);
  });
});

describe("what is compared without a bound is named", () => {
  test.each([
    { rule: "self.text == oldSelf.text", missing: "self.text, which has no maxLength" },
    { rule: "self.list == oldSelf.list", missing: "self.list, which has no maxItems" },
    { rule: "self.bounded.exists(x, x == 'a')", missing: "self.bounded[], which has no maxLength" },
    { rule: "self.map == oldSelf.map", missing: "self.map, which has no maxProperties" },
    { rule: "self.deep == oldSelf.deep", missing: "self.deep.text, which has no maxLength" },
  ])("$rule", ({ rule, missing }) => {
    expect(complaintsAbout({ rule })).toContain(`spec: a rule compares ${missing}`);
  });

  test("a rule on the whole object compares all of it", () => {
    const complaints = complaintsAbout({ rule: "self == oldSelf" });

    expect(complaints).toContain("spec: a rule compares self.text, which has no maxLength");
    expect(complaints).toContain("spec: a rule compares self.deep.text, which has no maxLength");
  });
});

describe("a rule that names what CEL cannot see is refused", () => {
  test.each([
    { given: "an unknown field", rule: "self.nmae == 'a'", complaint: "spec: CEL cannot see self.nmae" },
    { given: "an untyped field", rule: "self.any == oldSelf.any", complaint: "spec: CEL cannot see self.any" },
    { given: "the presence of one", rule: "has(self.any)", complaint: "spec: CEL cannot see self.any" },
    {
      given: "the metadata, below the root",
      rule: "self.metadata.name == 'a'",
      complaint: "spec: CEL cannot see self.metadata.name",
    },
  ])("$given", ({ rule, complaint }) => {
    expect(complaintsAbout({ rule })).toContain(complaint);
  });

  test("of the metadata the root shows the name", () => {
    expect(complaintsAbout({ rule: "self.metadata.name.size() <= 52" }, "")).toEqual([]);
    expect(complaintsAbout({ rule: "self.metadata.labels.size() <= 5" }, "")).toEqual([
      "root: CEL cannot see self.metadata.labels",
    ]);
  });
});

test.each([
  { given: "without CEL", rule: {}, complaint: "spec: a rule needs its CEL text" },
  {
    given: "with a message of two lines",
    rule: { rule: "true", message: "a\nb" },
    complaint: "spec: a rule needs a message of one line",
  },
  {
    given: "without a message",
    rule: { rule: "true", message: "" },
    complaint: "spec: a rule needs a message of one line",
  },
  {
    given: "with a fieldPath that leads nowhere",
    rule: { rule: "true", fieldPath: ".nmae" },
    complaint: "spec: the fieldPath .nmae leads nowhere",
  },
])("a rule $given is refused", ({ rule, complaint }) => {
  expect(complaintsAbout(rule)).toEqual([complaint]);
});
