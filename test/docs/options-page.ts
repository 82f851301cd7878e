// Writes docs/reference/options.md: every option, its bounds, its default and where it can be set, from the schemas of the
// custom resources, the limits and the SDK's own comments. `--check` says whether the page is current.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { InstanceTypeSpecSchema } from "@stint/crds/instancetype";
import { limits } from "@stint/crds/limits";
import { ProfileSchema, RetrySchema, TaskSettingsSchema } from "@stint/crds/settings";
import { SourceSchema, TaskBundleSpecSchema } from "@stint/crds/taskbundle";
import { specMutability, TaskRunSpecSchema } from "@stint/crds/taskrun";
import type { z } from "zod";

import { root } from "../architecture/sources.ts";
import { readItemsOf } from "../semantics/contract.ts";
import { say } from "../shell.ts";
import { membersOf, type Member } from "./declarations.ts";
import { fieldsOf, type Field } from "./fields.ts";

const page = join(root, "docs/reference/options.md");

const options = "sdk/src/options.ts";
const run = membersOf(options, "RunOptions");
const hooks = membersOf("sdk/src/callbacks.ts", "HookOptions");
const group = [...run, ...membersOf(options, "GroupOptions"), ...hooks];
const ofTask = [...group, ...membersOf(options, "TaskOptions")];
const ofCall = [...run, ...membersOf(options, "CallOptions")];
const ofTrigger = [...run, ...membersOf(options, "TriggerOptions")];
const ofSubmit = membersOf("sdk/src/submissions.ts", "SubmitOptions");

/** Who can set an option, in the order of the columns. */
const places: readonly (readonly [string, readonly string[]])[] = [
  ["`task()`", namesOf(ofTask)],
  ["`bundle()`", namesOf(group)],
  ["`with()`", namesOf(ofCall)],
  ["`trigger()`", namesOf(ofTrigger)],
  ["`submit()`", namesOf(ofSubmit)],
  ["`TaskRun.spec`", namesOf(fieldsOf(TaskRunSpecSchema))],
  ["`TaskBundle.spec.defaults`, chart's `taskDefaults`", namesOf(fieldsOf(TaskSettingsSchema))],
];

/** Bounds of options that no custom resource has, or that it has in another form. */
const boundsInSdk: Readonly<Record<string, string>> = {
  description: `at most ${limits.descriptionLength} characters`,
  version: "`v<major>.<minor>`",
  onRunning: `at most ${limits.hooks}`,
  onCompletion: `at most ${limits.hooks}`,
  onFailure: `at most ${limits.hooks}`,
  key: `1 to ${limits.childKeyLength} characters`,
  waitFor: `at most ${limits.dependencies}`,
  bundle: `1 to ${limits.bundleNameLength} characters`,
  namespace: "1 to 63 characters",
  name: `1 to ${limits.runNameLength} characters`,
  maxRetries: `${limits.maxRetries.min} to ${limits.maxRetries.max}`,
};

const byName = (fields: readonly Field[]): ReadonlyMap<string, Field> =>
  new Map(fields.map((field) => [field.name, field]));
const settings = byName(fieldsOf(TaskSettingsSchema));
const ofRun = byName(fieldsOf(TaskRunSpecSchema));

function namesOf(rows: readonly { readonly name: string }[]): string[] {
  return rows.map(({ name }) => name);
}

/** The number, where the code has one; else what the comment says. */
function defaultOf(name: string, absent: string | undefined): string {
  if (name === "backoffScaling") return `${limits.backoffScaling.explicitDefault}`; // in an object that is given (S79)
  const known: unknown = Object.hasOwn(limits, name) ? limits[name as keyof typeof limits] : undefined;
  if (typeof known === "object" && known !== null && "default" in known) return String(known.default);
  return absent ?? "–";
}

/** `…; 7200 if absent.` or `…, none if absent.` as the default and the rest. */
function parted(says: string): { readonly absent?: string; readonly rest: string } {
  const [, first = "", semicolon, comma, last = ""] =
    /^(.*?)(?:; ([^;]*?),?|, ([^,;]*?)) if absent\.(.*)$/.exec(says) ?? [];
  const absent = semicolon ?? comma;
  return absent === undefined ? { rest: says } : { absent, rest: `${first}.${last}` };
}

function optionRow({ name, type, says, source }: Member): string[] {
  const { absent, rest } = parted(says);
  const setting = settings.get(name);
  const bounds = boundsInSdk[name] ?? (setting ?? ofRun.get(name))?.bounds ?? "";
  const byDefault = setting ? defaultOf(name, absent) : (absent ?? "–");
  return [`\`${name}\``, typeOf(type, setting), bounds || "–", byDefault, setting?.says ?? rest, source];
}

/** A number's kind is the schema's to say: TypeScript has only one. */
function typeOf(type: string, setting: Field | undefined): string {
  return type === "number" ? (setting?.type ?? "integer") : `\`${type.replaceAll("readonly ", "")}\``;
}

function fieldRows(schema: z.ZodType, items: (name: string) => string): string[][] {
  return fieldsOf(schema).map(({ name, type, bounds, says, absent }) => [
    `\`${name}\``,
    type,
    bounds || "–",
    defaultOf(name, absent),
    says.replaceAll("<", "\\<") || "–",
    items(name),
  ]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""];
}

const columns = ["option", "type", "bounds", "default", "means", "item"];
const fieldColumns = ["field", ...columns.slice(1)];

/** Each option once, in the order in which somebody meets it. */
const all = [...new Map([...ofTask, ...ofCall, ...ofTrigger, ...ofSubmit].map((each) => [each.name, each])).values()];

function taskRunSection(): string[] {
  const itemsOf = readItemsOf("TaskRun.spec");
  const ofTheTask = new Set(namesOf(run));
  const rows = fieldRows(TaskRunSpecSchema, itemsOf).map(
    ([name = "", type = "", bounds = "", absent = "", ...rest]) => {
      const field = name.replaceAll("`", "");
      const isMutable = specMutability.mutable.includes(field);
      const byDefault = ofTheTask.has(field) && field !== "tags" ? "the task's" : absent;
      return [name, type, bounds, byDefault, isMutable ? "yes" : "no", ...rest];
    },
  );
  return table(["field", "type", "bounds", "default", "may change", "means", "item"], rows);
}

function retrySection(): string[] {
  const members = membersOf("sdk/src/retry.ts", "RetryOptions");
  const fields = new Map(fieldRows(RetrySchema, () => "").map((row) => [row[0], row]));
  const rows = members.map(({ name, source }) => [...(fields.get(`\`${name}\``) ?? []).slice(0, -1), source]);
  return table(columns, rows);
}

function write(): string {
  return [
    "# Every option",
    "",
    "Written by `node test/docs/options-page.ts` from the schemas of the custom resources, the limits and the SDK's comments.",
    "Bounds are inclusive. The items lead to the [contract](../semantics.md); [tasks.md](../tasks.md) shows the options at work.",
    "",
    "## Options",
    "",
    ...table(columns, all.map(optionRow)),
    "Where each can be set. The highest place that sets one rules, and it is taken whole (S9): the run, `with()`, `task()`,",
    "`bundle()`, `TaskBundle.spec.defaults`, the chart's `taskDefaults`, the default above.",
    "",
    ...table(
      ["option", ...places.map(([place]) => place)],
      all.map(({ name }) => [`\`${name}\``, ...places.map(([, names]) => (names.includes(name) ? "yes" : "–"))]),
    ),
    "## `retry`",
    "",
    "The defaults are those within an object that is given. Without any: 3 retries, after 1, 2 and 4 s (S78).",
    "",
    ...retrySection(),
    "In code `delaysSeconds` may be one number, or a function of `maxRetries`, too.",
    "",
    "## `resources`",
    "",
    ...table(
      columns,
      fieldRows(ProfileSchema, () => "S61, S62"),
    ),
    "## `TaskRun.spec`",
    "",
    ...taskRunSection(),
    "## `TaskBundle.spec`",
    "",
    ...table(fieldColumns, fieldRows(TaskBundleSpecSchema, readItemsOf("TaskBundle.spec"))),
    "`source` has exactly one of:",
    "",
    ...table(
      fieldColumns,
      fieldRows(SourceSchema, () => "S11"),
    ),
    "## `InstanceType.spec`",
    "",
    ...table(
      fieldColumns,
      fieldRows(InstanceTypeSpecSchema, () => "S56, S60"),
    ).slice(0, -1),
    "",
  ].join("\n");
}

const text = write();
if (!process.argv.includes("--check")) writeFileSync(page, text);
else if (!existsSync(page) || readFileSync(page, "utf8") !== text) {
  say("docs/reference/options.md is not current: node test/docs/options-page.ts");
  process.exitCode = 1;
}
