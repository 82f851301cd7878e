// The instance types that the chart installs, and what tasks get of them.
import { readFileSync } from "node:fs";

import { InstanceTypeSpecSchema, type InstanceTypeSpec } from "@stint/crds/instancetype";
import { expect, test } from "vitest";
import { parse } from "yaml";

import { findInstanceType, fittingType } from "../../src/core/resources.ts";

const values = readFileSync(new URL("../../../helm/values.yaml", import.meta.url), "utf8");
const { instanceTypes } = parse(values) as { instanceTypes: Record<string, InstanceTypeSpec> }; // checked below
const installed = new Map(Object.entries(instanceTypes).map(([name, spec]) => [name, { name, spec }]));

test("six are installed, for all namespaces (S54)", () => {
  expect(instanceTypes).toEqual({
    starter: { resources: { cpu: "500m", memory: "512Mi" } },
    standard: { resources: { cpu: "1", memory: "2Gi" } },
    pro: { resources: { cpu: "2", memory: "4Gi" } },
    "pro-plus": { resources: { cpu: "4", memory: "8Gi" } },
    "pro-max": { resources: { cpu: "8", memory: "16Gi" } },
    "pro-ultra": { resources: { cpu: "16", memory: "32Gi" } },
  });
  for (const spec of Object.values(instanceTypes)) expect(InstanceTypeSpecSchema.parse(spec)).toEqual(spec);
});

test.each(["starter", "standard", "pro", "pro_plus", "pro_max", "pro_ultra"])(
  "%s is the name of one (S54, S56)",
  (name) => {
    expect(findInstanceType(name, installed)).toBeDefined();
  },
);

test.each([
  [{ cpu: 0.5, memoryMb: 512 }, "starter"],
  [{ cpu: 1 }, "standard"],
  [{ cpu: 2 }, "pro"],
  [{ cpu: 2, memoryMb: 2048 }, "pro"],
  [{ memoryMb: 2048 }, "standard"],
  [{ cpu: 4, memoryMb: 4096 }, "pro-plus"],
  [{}, "standard"],
  [{ cpu: 16, memoryMb: 32_768 }, "pro-ultra"],
  [{ cpu: 0.1, memoryMb: 1 }, "starter"],
])("the profile %j gets %s (S61)", (profile, name) => {
  expect(fittingType(profile, "team-a", installed)).toBe(name);
});

test("more than the largest is told with the largest (S62)", () => {
  expect(fittingType({ cpu: 32, memoryMb: 512 }, "team-a", installed)).toEqual({
    reason: "NoInstanceTypeFits",
    message: "no instance type offers 32 CPU and 512 MB; the largest is pro-ultra (16 CPU, 32768 MB)",
  });
});
