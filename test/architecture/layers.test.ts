// Imports point one way. A checker that sees nothing is green too, so each rule also finds a violation planted for it.
import { describe, expect, test } from "vitest";

import { importsOf, sources, type Source } from "./sources.ts";

/** From a room to the rooms it may import. Longer prefixes win. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  "crds/src": ["crds/src"],
  "operator/src/core": ["crds/src", "operator/src/core", "operator/src/errors"],
  "operator/src/effects": [
    "crds/src",
    "operator/src/core",
    "operator/src/effects",
    "operator/src/errors",
    "operator/src/points",
  ],
  "operator/src/controller": [
    "crds/src",
    "operator/src/core",
    "operator/src/effects",
    "operator/src/controller",
    "operator/src/errors",
    "operator/src/points",
    "operator/src/clock",
    "operator/src/telemetry",
  ],
  "operator/src/gateway": [
    "crds/src",
    "operator/src/core",
    "operator/src/effects",
    "operator/src/gateway",
    "operator/src/errors",
    "operator/src/points",
    "operator/src/clock",
    "operator/src/telemetry",
  ],
  "operator/src/http": ["crds/src", "operator/src/http", "operator/src/telemetry", "operator/src/errors"],
  "operator/src/telemetry": ["operator/src/telemetry", "operator/src/errors"],
  "operator/src/clock": ["operator/src/errors"],
  "operator/src/errors": [],
  "operator/src/points": [],
  "operator/src/config": ["crds/src", "operator/src/errors"],
  "operator/src/assembly": [
    "crds/src",
    "operator/src/core",
    "operator/src/effects",
    "operator/src/controller",
    "operator/src/gateway",
    "operator/src/errors",
    "operator/src/points",
    "operator/src/clock",
    "operator/src/telemetry",
  ],
  "operator/src/main": ["crds/src", "operator/src"],
  "runner-image/src": ["crds/src", "runner-image/src"],
  "sdk/src": ["crds/src", "sdk/src"],
  "cli/src": ["crds/src", "sdk/src", "cli/src"],
  // `stint dev`: a cluster in this process, the operator in one of its own.
  "cli/src/dev": ["crds/src", "sdk/src", "cli/src", "devcluster/src/index"],
  // A cluster in memory, for the operator's own tests too: it knows nothing of the runner, the SDK or the harness.
  "testing/src/memory": [
    "crds/src",
    "operator/src/core",
    "operator/src/effects",
    "operator/src/controller",
    "operator/src/assembly",
    "operator/src/errors",
    "operator/src/clock",
    "testing/src/memory",
  ],
  "testing/src": [
    "crds/src",
    "operator/src/core",
    "operator/src/effects",
    "operator/src/gateway",
    "operator/src/errors",
    "operator/src/points",
    "operator/src/clock",
    "operator/src/telemetry",
    "runner-image/src",
    "sdk/src",
    "testing/src",
  ],
  // Knows none of our kinds: our CRDs are applied to it like to any cluster.
  "devcluster/src": ["devcluster/src"],
};

/** Packages that a room may not load, because it must be pure, or because every attempt pays for it. */
const forbiddenPackages: Readonly<Record<string, (specifier: string) => boolean>> = {
  "operator/src/core": () => true,
  "runner-image/src": (specifier) => !specifier.startsWith("node:"),
  "testing/src": (specifier) => /^(node:)?(http2?|https|net|tls|dgram)$|^undici$/.test(specifier),
};

function roomOf(path: string): string | undefined {
  return Object.keys(arrows)
    .filter((room) => path === `${room}.ts` || path.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

function violations(source: Source): string[] {
  const room = roomOf(source.path);
  if (room === undefined) return [`${source.path} is in no room`];
  return importsOf(source).flatMap(({ to, typeOnly }) => {
    if (!/^(crds|operator|runner-image|sdk|cli|devcluster|testing)\/src\//.test(to)) {
      const forbidden = !typeOnly && forbiddenPackages[room]?.(to);
      return forbidden ? [`${source.path} loads ${to}`] : [];
    }
    const allowed = arrows[room]?.some((target) => to === `${target}.ts` || to.startsWith(`${target}/`));
    return allowed ? [] : [`${source.path} imports ${to}`];
  });
}

/** Modules of crds that bring zod with them, directly or through another. */
const heavyModules = new Set<string>();
const ofCrds = sources().filter(({ path }) => path.startsWith("crds/src/"));
for (let before = -1; before < heavyModules.size;) {
  before = heavyModules.size;
  for (const source of ofCrds) {
    const loaded = importsOf(source).filter(({ typeOnly }) => !typeOnly);
    if (loaded.some(({ to }) => to === "zod" || heavyModules.has(to))) heavyModules.add(source.path);
  }
}

/** What the runner and the SDK load at start must not bring zod with it: every attempt pays for it. */
function heavy(source: Source): string[] {
  if (!/^(runner-image|sdk)\/src\//.test(source.path)) return [];
  return importsOf(source)
    .filter(({ to, typeOnly }) => !typeOnly && heavyModules.has(to))
    .map(({ to }) => `${source.path} loads ${to}`);
}

describe("layers", () => {
  test("every import follows an arrow", () => {
    const found = sources().flatMap(violations);

    expect(found).toEqual([]);
  });

  test("runner and SDK load no schema", () => {
    const found = sources().flatMap(heavy);

    expect(found).toEqual([]);
  });

  test("there are sources to check", () => {
    expect(sources().length).toBeGreaterThan(40);
  });

  test.each([
    ["operator/src/core/planted.ts", 'import { apply } from "../effects/apply.ts";'],
    ["operator/src/core/planted.ts", 'import { request } from "undici";'],
    ["operator/src/effects/planted.ts", 'export { decideWhen } from "../controller/controller.ts";'],
    ["operator/src/gateway/planted.ts", 'const x = await import("../controller/workqueue.ts");'],
    ["operator/src/controller/planted.ts", 'import { server } from "../gateway/server.ts";'],
    ["operator/src/errors.ts", 'import { a } from "@stint/crds/attempt";'],
    ["operator/src/assembly.ts", 'import { readConfig } from "./config.ts";'],
    ["sdk/src/planted.ts", 'import { decide } from "@stint/operator/core/decide";'],
    ["runner-image/src/planted.ts", 'import { z } from "zod";'],
    ["sdk/src/planted.ts", 'import { createHarness } from "@stint/testing";'],
    ["testing/src/memory/planted.ts", 'import { task } from "@stint/sdk";'],
    ["testing/src/planted.ts", 'import { request } from "node:https";'],
    ["testing/src/planted.ts", 'import "@stint/operator/main";'],
    ["devices/src/planted.ts", "export const x = 1;"],
  ])("a violation planted in %s is found: %s", (path, text) => {
    const found = violations({ path, text });

    expect(found).toHaveLength(1);
  });

  test("a schema planted in the runner is found, and a type of it is not", () => {
    const path = "runner-image/src/planted.ts";

    expect(heavyModules.size).toBeGreaterThan(3);
    expect(heavy({ path, text: 'import { TaskRunSchema } from "@stint/crds/taskrun";' })).toHaveLength(1);
    expect(heavy({ path, text: 'import type { TaskRun } from "@stint/crds/taskrun";' })).toEqual([]);
  });
});
