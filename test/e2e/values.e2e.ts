// What schemas let in and out, and what children yield while they run.
import { beforeAll, expect } from "vitest";

import { childrenOf, kubectl, messageOf, podsOf, reasonOf, runToEnd } from "./kit/cluster.ts";
import { prepareBundle } from "./kit/prepare.ts";
import { scenario } from "./kit/scenario.ts";

beforeAll(prepareBundle);

scenario("an input that fits its schema comes with the schema's defaults (S41)", ["fits"], async () => {
  const run = await runToEnd("fits", { task: "e2e/sized", input: { url: "https://a" } });

  expect(run.status).toMatchObject({ phase: "Succeeded", result: { url: "https://a", width: 640 } });
});

scenario("one that does not fails before any pod, and a pattern in its pod (S37, S38)", ["wrong", "odd"], async () => {
  const [wrong, odd] = await Promise.all([
    runToEnd("wrong", { task: "e2e/sized", input: { url: "https://a", width: "x", depth: 1 } }),
    runToEnd("odd", { task: "e2e/sized", input: { url: "ftp://a" } }),
  ]);

  expect([wrong, odd].map(reasonOf)).toEqual(["InvalidInput", "InvalidInput"]);
  expect(messageOf(wrong)).toBe(
    "task sized got unexpected argument(s): depth; " +
      "input does not match the schema of e2e/sized: /width: expected number, got string",
  );
  expect(messageOf(odd)).toContain("input does not match the schema of e2e/sized: /url: must match ^https:");
  expect([wrong.status?.attempts ?? [], await podsOf("wrong")]).toEqual([[], []]);
  expect(odd.status).toMatchObject({ attemptCount: 1, attempts: [{ class: "Final", reason: "InvalidInput" }] });
});

scenario("a result that does not fit is final (S51)", ["misfit"], async () => {
  const run = await runToEnd("misfit", { task: "e2e/misfits" });

  expect(reasonOf(run)).toBe("InvalidResult");
  expect(messageOf(run)).toContain("result does not match the schema of e2e/misfits: /: expected object, got number");
  expect(run.status?.attemptCount).toBe(1);
});

scenario("a parent reads what its child yields while that goes on (S24)", ["interrupting"], async () => {
  const run = await runToEnd("interrupting", { task: "e2e/interrupts" });

  expect(run.status).toMatchObject({ phase: "Succeeded", result: ["first", "Canceled"] });
});

scenario("a retry's values are read anew, and a run that nobody reads keeps none (S24, S299)", ["anew"], async () => {
  const run = await runToEnd("anew", { task: "e2e/reads-anew" });

  expect(run.status).toMatchObject({
    phase: "Succeeded",
    result: [
      ["a1", "a2", "b2"],
      ["a2", "b2"],
    ],
  });
  const children = await childrenOf("anew");
  const kept = await Promise.all(children.map(({ metadata }) => chunksOf(metadata.name)));
  expect(kept.map(({ length }) => length).toSorted((a, b) => a - b)).toEqual([0, 2]);
});

async function chunksOf(run: string): Promise<string[]> {
  const selector = `stint.dev/component=values,stint.dev/run=${run}`;
  const names = await kubectl(["get", "configmaps", "-l", selector, "-o", "name"]);
  return names.split("\n").filter((name) => name !== "");
}
