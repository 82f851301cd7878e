import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  cpuMillis,
  findInstanceType,
  fittingType,
  heapMiB,
  instanceTypeProblem,
  memoryBytes,
  stepUpProblem,
} from "../../src/core/resources.ts";
import { anInstanceType, instanceTypes } from "../builders.ts";

describe("quantities", () => {
  test.each([
    ["0", 0],
    ["128974848", 128_974_848],
    ["129e6", 129_000_000],
    ["129E6", 129_000_000],
    ["1e-1", 1],
    ["129M", 129_000_000],
    ["128974848000m", 128_974_848],
    ["123Mi", 128_974_848],
    ["1Ki", 1024],
    ["1k", 1000],
    ["1.5Gi", 1_610_612_736],
    [".5Gi", 536_870_912],
    ["2.Gi", 2 ** 31],
    ["+1Gi", 2 ** 30],
    ["1E", 1e18],
    ["1Ei", 2 ** 60],
  ])("%s of memory are %d bytes", (quantity, bytes) => {
    expect(memoryBytes(quantity)).toBe(bytes);
  });

  test.each([
    ["500m", 500],
    ["1", 1000],
    ["1.1", 1100],
    ["0.0001", 1],
    ["16", 16_000],
    ["250000u", 250],
    ["1n", 1],
  ])("%s CPU are %d thousandths", (quantity, millis) => {
    expect(cpuMillis(quantity)).toBe(millis);
  });

  test.each(["", " ", ".", "Gi", "-1", "1 Gi", "1GiB", "1gi", "one", "1e", "0x10", "Infinity", "1.2.3", "1e999"])(
    "%j is no quantity",
    (text) => {
      expect(memoryBytes(text)).toBeUndefined();
    },
  );

  test("a suffix multiplies: the same amount has one value, however it is written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (n) => {
        expect(memoryBytes(`${n}Mi`)).toBe(memoryBytes(String(n * 2 ** 20)));
        expect(memoryBytes(`${n}M`)).toBe(memoryBytes(`${n}e6`));
        expect(cpuMillis(`${n}m`)).toBe(cpuMillis(String(n / 1000)));
      }),
    );
  });

  test("no text makes it throw", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(memoryBytes(text) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

test.each([
  ["512Mi", 409],
  ["2Gi", 1638],
  ["32Gi", 26_214],
  ["a lot", undefined],
])("of %s memory the heap may take %s MiB (S296)", (memory, heap) => {
  expect(heapMiB({ cpu: "1", memory })).toBe(heap);
});

describe("instance types", () => {
  const types = instanceTypes(
    anInstanceType("standard"),
    anInstanceType("pro-plus"),
    anInstanceType("secret", { namespaces: ["team-b"] }),
    anInstanceType("open", { namespaces: [] }),
    anInstanceType("broken", { resources: { memory: "much" } }),
  );

  test("an underscore in a name reads as a hyphen (S56)", () => {
    expect(findInstanceType("pro_plus", types)?.name).toBe("pro-plus");
    expect(findInstanceType("pro-plus", types)?.name).toBe("pro-plus");
  });

  test("an unknown type is refused with the known ones, sorted (S57)", () => {
    expect(instanceTypeProblem("huge", "team-a", types)).toEqual({
      reason: "UnknownInstanceType",
      message: 'unknown instance type "huge"; known: broken, open, pro-plus, secret, standard',
    });
  });

  test("a type is for the namespaces that it names, and for all if it names none (S58)", () => {
    expect(instanceTypeProblem("secret", "team-b", types)).toBeUndefined();
    expect(instanceTypeProblem("open", "team-a", types)).toBeUndefined();
    expect(instanceTypeProblem("standard", "team-a", types)).toBeUndefined();
    expect(instanceTypeProblem("secret", "team-a", types)).toEqual({
      reason: "InstanceTypeForbidden",
      message: 'instance type "secret" is not allowed in namespace "team-a"',
    });
  });

  test("a profile is offered only what its namespace may use, and nothing with extended resources (S58, S61)", () => {
    const some = instanceTypes(
      anInstanceType("small", { resources: { cpu: "1", memory: "1Gi" } }),
      anInstanceType("gpu", { resources: { cpu: "1", memory: "4Gi", "nvidia.com/gpu": "1" } }),
      anInstanceType("secret", { resources: { cpu: "1", memory: "3Gi" }, namespaces: ["team-b"] }),
      anInstanceType("large", { resources: { cpu: "8", memory: "8Gi", "ephemeral-storage": "1Gi" } }),
    );

    expect(fittingType({ memoryMb: 2048 }, "team-a", some)).toBe("large");
    expect(fittingType({ memoryMb: 2048 }, "team-b", some)).toBe("secret");
  });

  test("of equal CPU the one with less memory is smaller, and of equal both the first by name (S61)", () => {
    const equal = ["b", "a", "c"].map((name) => anInstanceType(name, { resources: { cpu: "1", memory: "2Gi" } }));
    const less = anInstanceType("z", { resources: { cpu: "1", memory: "1Gi" } });

    expect(fittingType({}, "team-a", instanceTypes(...equal))).toBe("a");
    expect(fittingType({}, "team-a", instanceTypes(...equal, less))).toBe("z");
    expect(fittingType({ cpu: 1.0000001 }, "team-a", instanceTypes(...equal))).toBe("a"); // thousandths count
  });

  test("where nothing fits, the largest is named (S62)", () => {
    const some = instanceTypes(anInstanceType("half", { resources: { cpu: "1500m", memory: "1.5Gi" } }));

    expect(fittingType({ cpu: 2 }, "team-a", some)).toEqual({
      reason: "NoInstanceTypeFits",
      message: "no instance type offers 2 CPU and 0 MB; the largest is half (1.5 CPU, 1536 MB)",
    });
    expect(fittingType({}, "team-a", instanceTypes())).toMatchObject({
      message: "no instance type offers 1 CPU and 0 MB; there is none to choose from",
    });
  });

  test("what fits offers both, and nothing smaller does (S61)", () => {
    const sizes = fc.array(fc.record({ cpu: fc.integer({ min: 1, max: 8 }), memory: fc.integer({ min: 1, max: 8 }) }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8192 }), (some, cpu, memoryMb) => {
        const types = some.map(({ cpu, memory }, at) =>
          anInstanceType(`type-${at}`, { resources: { cpu: String(cpu), memory: `${memory}Gi` } }),
        );
        const enough = some.filter((size) => size.cpu >= cpu && size.memory * 1024 >= memoryMb);

        const chosen = fittingType({ cpu, memoryMb }, "team-a", instanceTypes(...types));

        const size = typeof chosen === "string" ? some[Number(chosen.slice("type-".length))] : undefined;
        const [smallest] = enough.toSorted((a, b) => a.cpu - b.cpu || a.memory - b.memory);
        expect(size).toEqual(smallest);
      }),
    );
  });

  test.each(["standard", "pro_plus", "broken"])("a step from pro_plus to %s is refused: no more memory (S65)", (to) => {
    expect(stepUpProblem(to, "pro_plus", types)).toEqual({
      reason: "InvalidSpec",
      message: `retry.outOfMemory.instanceType "${to}" must offer more memory than "pro_plus"`,
    });
  });

  test("a step to more memory is fine (S65)", () => {
    expect(stepUpProblem("pro_plus", "standard", types)).toBeUndefined();
  });
});
