import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";
import { parse } from "yaml";

import { type Definition, definitions } from "../../src/crd/definitions.ts";
import { staleFiles, writeFiles } from "../../src/crd/files.ts";
import { crdName, toYaml } from "../../src/crd/manifest.ts";
import { isArray, isObject, type Json, type JsonObject } from "../../src/json.ts";
import { schemaOf } from "./openapi.ts";

const directory = fileURLToPath(new URL("../../generated", import.meta.url));

describe("generated files", () => {
  test.each(definitions.map((definition) => ({ definition, name: crdName(definition) })))(
    "$name.yaml is what its schema says",
    ({ definition, name }) => {
      const committed = readFileSync(join(directory, `${name}.yaml`), "utf8");

      expect(committed).toBe(toYaml(definition));
    },
  );

  test("are stale where they are missing or differ, and written anew", () => {
    const directory = mkdtempSync(join(tmpdir(), "crds-"));

    expect(staleFiles(directory)).toHaveLength(definitions.length);

    writeFiles(directory);
    expect(staleFiles(directory)).toEqual([]);

    writeFileSync(join(directory, "taskruns.stint.dev.yaml"), "kind: Other\n");
    expect(staleFiles(directory).map((file) => basename(file))).toEqual(["taskruns.stint.dev.yaml"]);
  });

  test("read back as the schema that they were made from", () => {
    for (const definition of definitions) {
      const manifest = JSON.parse(JSON.stringify(parse(toYaml(definition), { version: "1.1" }))) as Json; // text in, JSON out

      expect(manifest).toMatchObject({ spec: { versions: [{ schema: { openAPIV3Schema: definition.schema } }] } });
    }
  });
});

test("a definition carries a hash of its spec, so that another schema shows", () => {
  const run = named("TaskRun");
  const hashOf = (definition: Definition): string | undefined =>
    /^ {4}stint\.dev\/spec-hash: "?([0-9a-f]{16})"?$/m.exec(toYaml(definition))?.[1];

  const [same, other] = [{ ...run }, { ...run, schema: { ...run.schema, description: "Another." } }].map(hashOf);

  expect(same).toBe(hashOf(run));
  expect(other).toMatch(/./);
  expect(other).not.toBe(same);
});

describe("what a cluster calls our kinds", () => {
  test.each([
    { kind: "TaskRun", name: "taskruns.stint.dev", shortName: "trun", scope: "Namespaced", hasStatus: true },
    { kind: "TaskBundle", name: "taskbundles.stint.dev", shortName: "tbundle", scope: "Namespaced", hasStatus: true },
    { kind: "InstanceType", name: "instancetypes.stint.dev", shortName: "itype", scope: "Cluster", hasStatus: false },
  ])("$kind is $name, short $shortName", ({ kind, name, shortName, scope, hasStatus }) => {
    const definition = named(kind);

    expect(crdName(definition)).toBe(name);
    expect(definition).toMatchObject({ shortName, scope, hasStatus });
  });

  test("runs are found by task and phase (S159)", () => {
    expect(named("TaskRun").selectableFields).toEqual([".spec.task", ".status.phase"]);
  });

  test("a column and a selectable field show what the schema has", () => {
    for (const { schema, columns, selectableFields } of definitions) {
      const paths = [...columns.map((column) => column.jsonPath), ...selectableFields];
      const unknown = paths.filter((path) => !path.startsWith(".metadata.") && !exists(schema, path));

      expect(unknown).toEqual([]);
    }
  });
});

describe("CEL rules", () => {
  const unchangeable = "spec is immutable except cancel, suspend, rerun, priority and ttlSecondsAfterFinished";
  const retry = [
    "retry.delaysSeconds excludes waitDurationMs and backoffScaling",
    "retry.outOfMemory needs retry.when Always",
  ];

  test.each([
    {
      kind: "TaskRun",
      path: "",
      messages: ["metadata.name must be at most 52 characters", "spec.rerun.generation can only be raised by 1"],
    },
    { kind: "TaskRun", path: "spec.retry", messages: retry },
    { kind: "TaskBundle", path: "", messages: ["metadata.name must be at most 40 characters"] },
    {
      kind: "TaskBundle",
      path: "spec.source",
      messages: ["spec.source needs exactly one of inline, configMap, image"],
    },
    { kind: "TaskBundle", path: "spec.defaults.retry", messages: retry },
    { kind: "TaskBundle", path: "spec.defaults", messages: ["give instanceType or resources, not both"] },
  ])("at $kind $path say $messages", ({ kind, path, messages }) => {
    const rules = rulesAt(named(kind).schema, path);

    expect(rules.map((rule) => rule["message"])).toEqual(messages);
  });

  test("say of a rerun that cannot be meant what stands against it (S170)", () => {
    const words = rulesAt(named("TaskRun").schema, "").at(-1)?.["messageExpression"];

    expect(words).toContain(" is still active");
    expect(words).toContain(" has succeeded; trigger a new run");
  });

  test("hold every typed field of a run's spec fast, and cancel once it is set (S158, S161)", () => {
    const rules = rulesAt(named("TaskRun").schema, "spec");

    const held = [
      "task",
      "instanceType",
      "resources",
      "timeoutSeconds",
      "startTimeoutSeconds",
      "deadlineSeconds",
      "startAt",
      "retry",
      "tags",
      "tagPolicy",
      "dependsOn",
      "inputRefs",
      "optional",
    ];
    expect(rules.map(({ fieldPath, message }) => ({ fieldPath, message }))).toEqual([
      { fieldPath: undefined, message: unchangeable },
      { fieldPath: undefined, message: "give instanceType or resources, not both" },
      { fieldPath: ".cancel", message: "spec.cancel cannot be reset except by a higher spec.rerun.generation" },
    ]);
    const [immutability] = rules;
    for (const field of held) {
      expect(immutability?.["rule"]).toContain(`self.${field} == oldSelf.${field}`);
      expect(immutability?.["messageExpression"]).toContain(` ? '${field}' : `);
    }
  });
});

function named(kind: string): Definition {
  const definition = definitions.find((each) => each.kind === kind);
  if (!definition) throw new Error(`no definition of ${kind}`);
  return definition;
}

function rulesAt(schema: JsonObject, path: string): readonly JsonObject[] {
  const rules = (path === "" ? schema : schemaOf(schema, path))["x-kubernetes-validations"];
  return isArray(rules) ? rules.filter(isObject) : [];
}

function exists(schema: JsonObject, jsonPath: string): boolean {
  const steps = jsonPath
    .replace(/\[\?\(.*\)\]/, "[]")
    .split(".")
    .slice(1);
  const found = steps.reduce<Json | undefined>((node, step) => stepInto(node, step), schema);
  return found !== undefined;
}

function stepInto(node: Json | undefined, step: string): Json | undefined {
  if (!isObject(node)) return undefined;
  const name = step.replace("[]", "");
  const field = isObject(node["properties"]) ? node["properties"][name] : node["additionalProperties"];
  return step.endsWith("[]") && isObject(field) ? field["items"] : field;
}
