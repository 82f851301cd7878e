import { limits } from "@stint/crds/limits";
import type { TaskBundleSpec } from "@stint/crds/taskbundle";
import { describe, expect, test } from "vitest";

import type { ObservedSource } from "../../src/core/bundle-world.ts";
import { configMaps } from "../../src/effects/resources.ts";
import { createSourceReader } from "../../src/effects/source.ts";
import { namespace } from "../builders.ts";
import { aTaskBundle } from "../bundle-builders.ts";
import { apiError, FakeCluster } from "../fakes/cluster.ts";
import { FakeClock } from "../fakes/clock.ts";

function aCluster(data?: Readonly<Record<string, string>>): FakeCluster {
  const clock = new FakeClock();
  const cluster = new FakeCluster({ now: () => clock.now() });
  if (data) cluster.seed(configMaps, { metadata: { name: "code", namespace, uid: "code-uid" }, data });
  return cluster;
}

function read(source: TaskBundleSpec["source"], cluster = aCluster()): Promise<ObservedSource> {
  return createSourceReader(cluster)(aTaskBundle({ spec: { source } }));
}

function comment(bytes: number): string {
  return `//${"é".repeat((bytes - 2) / 2)}`;
}

const inConfigMap = (key: string): TaskBundleSpec["source"] => ({ configMap: { name: "code", key } });

describe("inline text", () => {
  test("loses its types and keeps its lines and columns", async () => {
    const inline = "interface Size {\n  width: number;\n}\nexport const area = (s: Size): number => s.width ** 2;\n";

    const observed = await read({ inline });

    expect(observed).toEqual({
      kind: "code",
      code: `${" ".repeat(16)}\n${" ".repeat(16)}\n \nexport const area = (s      )         => s.width ** 2;\n`,
    });
  });

  test("that is JavaScript already stays as it is", async () => {
    const inline = 'import { task } from "@stint/sdk";\nawait null;\nexport const a = task("a", () => 1);\n';

    expect(await read({ inline })).toEqual({ kind: "code", code: inline });
  });

  test.each([
    ["export const a = ;", /^spec\.source\.inline: line 1, column 18: \w/],
    ["let a;\n\n  enum Size { S }", /^spec\.source\.inline: line 3, column 3: TypeScript enum is not supported/],
    ["export const a = (", /^spec\.source\.inline: line 1: \w/],
  ])("that cannot be stripped, as %j, says where", async (inline, message) => {
    expect(await read({ inline })).toEqual({ kind: "invalid", message: expect.stringMatching(message) });
  });

  test("that is nested too deep for the parser is the text's fault, not the operator's", async () => {
    const inline = `export const a = ${"[".repeat(100_000)}${"]".repeat(100_000)};`;

    expect(await read({ inline })).toMatchObject({ kind: "invalid" });
  });

  test("may have 524288 bytes and no more", async () => {
    expect(await read({ inline: comment(limits.inlineSourceBytes) })).toMatchObject({ kind: "code" });
    expect(await read({ inline: comment(limits.inlineSourceBytes + 2) })).toEqual({
      kind: "invalid",
      message: "spec.source.inline is 524290 bytes, the limit is 524288 bytes",
    });
  });
});

describe("a ConfigMap", () => {
  test("is read like inline text", async () => {
    const observed = await read(inConfigMap("tasks.ts"), aCluster({ "tasks.ts": "export const a: number = 1;" }));

    expect(observed).toEqual({ kind: "code", code: "export const a         = 1;" });
  });

  test("whose key says JavaScript keeps code that would read otherwise with types", async () => {
    const minified = "export const a=(f,b,c,d,e)=>f(b<c,d>(e||1));";

    const observed = await read(inConfigMap("bundle.mjs"), aCluster({ "bundle.mjs": minified }));

    expect(observed).toEqual({ kind: "code", code: minified });
  });

  test("whose key says JavaScript but whose text has types loses them all the same", async () => {
    const observed = await read(inConfigMap("bundle.mjs"), aCluster({ "bundle.mjs": "const a: number = 1;" }));

    expect(observed).toEqual({ kind: "code", code: "const a         = 1;" });
  });

  test("with a fault names itself and the key", async () => {
    const observed = await read(inConfigMap("tasks.ts"), aCluster({ "tasks.ts": "const = 1;" }));

    expect(observed).toMatchObject({
      kind: "invalid",
      message: expect.stringMatching(/^key tasks\.ts of ConfigMap code: line 1, column 7: Unexpected token/),
    });
  });

  test("that is absent is missing", async () => {
    expect(await read(inConfigMap("tasks.ts"))).toEqual({
      kind: "missing",
      message: "ConfigMap code does not exist in namespace team-a",
    });
  });

  test("without the key is missing", async () => {
    expect(await read(inConfigMap("tasks.ts"), aCluster({}))).toEqual({
      kind: "missing",
      message: "ConfigMap code has no key tasks.ts",
    });
  });

  test("that the API server does not give is nobody's fault", async () => {
    const cluster = aCluster();
    cluster.failNext("get", configMaps, apiError("unavailable"));

    await expect(read(inConfigMap("tasks.ts"), cluster)).rejects.toMatchObject({ reason: "unavailable" });
  });
});
