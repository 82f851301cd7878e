// What holds for all inputs of the pure parts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";

import { systemClock } from "../../src/clock.ts";
import { expand } from "../../src/kubelet/environment.ts";
import { shortages, tolerationSeconds, usedBy } from "../../src/kubelet/fit.ts";
import { Output } from "../../src/kubelet/output.ts";
import { rewritePaths } from "../../src/kubelet/paths.ts";
import type { Node, Pod, PodCondition } from "../../src/kubelet/pod.ts";
import { withConditions } from "../../src/kubelet/pod-status.ts";
import { parseQuantity } from "../../src/kubelet/quantity.ts";
import { textOf } from "./cluster.ts";

test.each([
  ["250m", 0.25],
  ["2Gi", 2 ** 31],
  ["1e3", 1000],
  ["100k", 100_000],
  [4, 4],
])("%s is %d", (quantity, amount) => {
  expect(parseQuantity(quantity)).toBe(amount);
});

test.each(["", "1.2.3", "5 Gi", "Mi", "1Zi"])("%j is no quantity", (quantity) => {
  expect(() => parseQuantity(quantity)).toThrow(RangeError);
});

const mounts = new Map([
  ["/tmp", "/pods/1/tmp"],
  ["/var/run/app", "/pods/1/run"],
  ["/var/run/app/inner", "/pods/1/inner"],
]);

test.each([
  ["/var/run/app/token", "/pods/1/run/token"],
  ["/var/run/app", "/pods/1/run"],
  ["/var/run/app/inner/x", "/pods/1/inner/x"],
  ["--file=/tmp/x", "--file=/pods/1/tmp/x"],
  ["file:///tmp/x", "file:///pods/1/tmp/x"],
  ["/a:/tmp:/b", "/a:/pods/1/tmp:/b"],
  ["/tmpfile", "/tmpfile"],
  ["/home/tmp/x", "/home/tmp/x"],
  ["https://host/tmp/x", "https://host/tmp/x"],
])("in %s the mounted paths are rewritten to %s", (text, rewritten) => {
  expect(rewritePaths(text, mounts)).toBe(rewritten);
});

test.each([
  ["$(A)-$(B)", "1-$(B)"],
  ["$$(A)", "$(A)"],
  ["$A", "$A"],
])("%s expands to %s", (text, expanded) => {
  expect(expand(text, new Map([["A", "1"]]))).toBe(expanded);
});

test("a node that takes only pods without shortage never holds more than it has", () => {
  const millicores = fc.integer({ min: 0, max: 1500 });
  fc.assert(
    fc.property(fc.array(millicores), (sizes) => {
      const node = aNode("4", 10);
      const taken = sizes.reduce<readonly Pod[]>((pods, size) => {
        const pod = aPod(size);
        return shortages(pod, node, usedBy(pods)).length === 0 ? [...pods, pod] : pods;
      }, []);

      expect(Math.round((usedBy(taken).get("cpu") ?? 0) * 1000)).toBeLessThanOrEqual(4000);
      expect(taken.length).toBeLessThanOrEqual(10);
    }),
  );
});

test("three pods of 100m fill 300m, to the last one", () => {
  const others = usedBy([aPod(100), aPod(100)]);

  expect(shortages(aPod(100), aNode("300m", 100), others)).toEqual([]);
  expect(shortages(aPod(101), aNode("300m", 100), others)).toHaveLength(1);
});

test("of several tolerations for a taint the shortest counts", () => {
  const taint = { key: "k", value: "v", effect: "NoExecute" };
  const tolerations = [
    { operator: "Exists" },
    { key: "k", value: "v", effect: "NoExecute", tolerationSeconds: 7 },
    { key: "k", value: "other", tolerationSeconds: 1 },
  ];

  expect(tolerationSeconds({ ...aPod(0), spec: { containers: [], tolerations } }, taint)).toBe(7);
});

test("a condition keeps its instant while its status stays, and others keep theirs always", () => {
  const status = fc.constantFrom("True", "False", "Unknown");
  fc.assert(
    fc.property(status, status, (before, after) => {
      const old: PodCondition[] = [
        { type: "Other", status: "True", lastTransitionTime: "2001-01-01T00:00:00Z" },
        { type: "Ready", status: before, lastTransitionTime: "2002-01-01T00:00:00Z" },
      ];

      const next = withConditions(old, [{ type: "Ready", status: after }], new Date("2003-01-01T00:00:00Z"));

      expect(next.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
        ["Other", "2001-01-01T00:00:00Z"],
        ["Ready", before === after ? "2002-01-01T00:00:00Z" : "2003-01-01T00:00:00Z"],
      ]);
    }),
  );
});

test("the tail of an output is its last lines, however it came and however long they are", async () => {
  const folder = mkdtempSync(join(tmpdir(), "output-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const pieceLong = fc.integer({ min: 65_533, max: 65_538 }).map((length) => "x".repeat(length)); // read in pieces of 65,536
  const line = fc.oneof(fc.string({ maxLength: 5, unit: "grapheme-ascii" }), pieceLong);
  let outputs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 6 }),
      fc.boolean(),
      fc.nat({ max: 7 }),
      async (lines, ended, tailLines) => {
        const text = lines.map((line) => line.replaceAll("\n", "")).join("\n") + (ended ? "\n" : "");
        const output = new Output(join(folder, String(outputs++)), systemClock);
        for (let at = 0; at < text.length; at += 50_000) output.append(Buffer.from(text.slice(at, at + 50_000)));
        output.end();

        const tail = await textOf(output.read({ tailLines }));

        const expected = text.split(/(?<=\n)/).filter(Boolean);
        expect(tail).toBe(tailLines === 0 ? "" : expected.slice(-tailLines).join(""));
      },
    ),
    { numRuns: 60, examples: [[["a", "x".repeat(65_536)], true, 1]] },
  );
});

function aPod(millicores: number): Pod {
  const resources = { requests: { cpu: `${millicores}m` } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", uid: "u", resourceVersion: "1", creationTimestamp: "" },
    spec: { containers: [{ name: "main", image: "local", resources }] },
  };
}

function aNode(cpu: string, pods: number): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n", uid: "u", resourceVersion: "1", creationTimestamp: "" },
    status: { allocatable: { cpu, pods } },
  };
}
