// Writes docs/reference/failures.md from the table of reasons, the causes that are tried on a real cluster, their scenarios
// and what those have measured. `--check` says whether the page is current.
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { FailureClass, FailureReason } from "@stint/crds/conditions";
import { classOf, failureNotes } from "@stint/crds/failures";

import { root } from "../../architecture/sources.ts";
import { titleFor, testCallsOf } from "../../semantics/citations.ts";
import { say } from "../../shell.ts";
import { readBounds, type Tail } from "./bounds.ts";
import { causes, type Cause, type CauseId } from "./causes.ts";

const page = join(root, "docs/reference/failures.md");
const bounds = readBounds();

function write(): string {
  return [
    ...introduction,
    ...table(
      ["reason", "class", "means", "detected by", "within", "what to do"],
      Object.entries(failureNotes).map(([reason, { means, detectedBy, within, hint }]) => [
        `\`${reason}\``,
        classOf(reason as FailureReason), // a key of the table
        means,
        detectedBy,
        within,
        hint,
      ]),
    ),
    ...onNodes,
    ...table(
      ["cause", "reason", "who pays", "measured from", "median", "maximum", "of", "shown by"],
      (Object.keys(causes) as CauseId[]).map(causeRow),
    ),
    ...mixedInWords(),
  ].join("\n");
}

const introduction = [
  "# How an attempt can end",
  "",
  "Written by `node test/e2e/failures/page.ts` from the table in `crds/src/failures.ts` and from what `make e2e` and `make e2e-slow`",
  "have measured.",
  "",
  "Every end has one reason and one class ([semantics.md](../semantics.md), S75 and S298). The class says who pays: `User`",
  "failures consume `maxRetries`, `Infrastructure` failures `maxInfrastructureRetries`, and after a `Final` one no automatic",
  "attempt follows. The reason stands in `status.attempts[].reason`, and, when the run ends by it, in the condition `Succeeded`;",
  "what can then be done about it in `status.error.hint`.",
  "",
  "A recorded stop or cancel comes first, then a report, then what the pod's status says, in the order of S298. The function is",
  "`outcomeOf` in `operator/src/core/outcome.ts`; each row of its table has a row in `operator/test/core/outcome.test.ts`.",
  "",
];

const onNodes = [
  "",
  "## On real nodes",
  "",
  `Each of these is done to pods of a real cluster of two nodes (${bounds.cores} cores for all of it, other work beside it). The time`,
  "ends when a watch brings the status that tells; where the runner's own report came before its container's end, it is below 0.",
  "Two watches of one process cannot tell some 10 ms. A window is followed by the end of the pod, which its kubelet takes seconds for.",
  "An end by a signal that nothing explains is read only once the kubelet has had its last word, 1 to 2 s later (S298).",
  "",
];

function causeRow(id: CauseId): string[] {
  const { what, reason, from } = causes[id];
  const { count = 0, medianMs, maxMs } = bounds.causes[id] ?? {};
  const { file, title } = scenarioOf(id);
  const times = [inWords(medianMs), inWords(maxMs), count === 0 ? "not measured" : String(count)];
  return [what, `\`${reason}\``, payerOf(reason), from, ...times, `[${title}](../../${file})`];
}

const payers: Readonly<Record<FailureClass, string>> = {
  User: "`maxRetries`",
  Infrastructure: "`maxInfrastructureRetries`",
  Final: "nobody: the run has failed",
};

function payerOf(reason: Cause["reason"]): string {
  return isFailure(reason) ? payers[classOf(reason)] : "nobody: the run waits";
}

function isFailure(reason: Cause["reason"]): reason is FailureReason {
  return Object.hasOwn(failureNotes, reason);
}

function inWords(ms: number | undefined): string {
  if (ms === undefined) return "";
  return Math.abs(ms) < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** The scenario that names the cause. Throws if there is none: what is not shown is not claimed. */
function scenarioOf(id: CauseId): { readonly file: string; readonly title: string } {
  for (const file of globSync("test/e2e/failures/**/*.{e2e,slow}.ts", { cwd: root }).toSorted()) {
    const text = readFileSync(join(root, file), "utf8");
    const place = text.indexOf(`"${id}"`);
    const title = place < 0 ? undefined : titleFor(place, testCallsOf(file, text));
    if (title !== undefined) return { file, title };
  }
  throw new Error(`no scenario names the cause ${id}`);
}

function mixedInWords(): string[] {
  if (!bounds.mixed) return [""];
  const { afterContainer, afterPhase } = bounds.mixed;
  const line = ({ count, medianMs, p99Ms, maxMs }: Tail, from: string): string =>
    `Of ${count} mixed ends, eight at a time, from ${from}: ` +
    `median ${inWords(medianMs)}, p99 ${inWords(p99Ms)}, maximum ${inWords(maxMs)}.`;
  return [
    "",
    line(afterContainer, "the container's end"),
    line(afterPhase, "the pod's terminal phase, which its kubelet writes 1 to 2 s later"),
    "",
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`);
}

const text = write();
if (!process.argv.includes("--check")) writeFileSync(page, text);
else if (!existsSync(page) || readFileSync(page, "utf8") !== text) {
  say("docs/reference/failures.md is not current: node test/e2e/failures/page.ts");
  process.exitCode = 1;
}
