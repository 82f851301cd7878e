// What must hold of a story, wherever an operator died in it: the rules of chaos, and that nothing is lost and nothing done twice.
import { isDeepStrictEqual } from "node:util";

import { parseTaskReference } from "@stint/crds/labels";
import type { TaskRun } from "@stint/crds/taskrun";

import { attemptOf, type Entry, type History, lastOfRuns } from "../history.ts";
import { violations } from "../invariants/all.ts";
import type { Story } from "./stories.ts";

type Attempt = NonNullable<NonNullable<TaskRun["status"]>["attempts"]>[number];

interface Told {
  /** Of the root run. */
  readonly name: string;
  readonly story: Story;
}

/** A sentence for each rule that was broken. */
export function problemsOf(history: History, { name, story }: Told): readonly string[] {
  return [
    ...violations(history, { submissions: [{ name, atMs: 0, story }] }),
    ...attemptsAreAsTold(history, story),
    ...attemptsAreMadeOnce(history),
  ];
}

/** The runs and the attempts that the story tells of, and no others: nobody paid for the death, no child and no hook came twice. */
export function attemptsAreAsTold(history: History, { attempts }: Pick<Story, "attempts">): readonly string[] {
  const seen = lastOfRuns(history).map(inWords).toSorted();
  return isDeepStrictEqual(seen, attempts) ? [] : [`there were ${seen.join("; ")}, not ${attempts.join("; ")}`];
}

function inWords({ spec, status }: TaskRun): string {
  const reasons = status?.attempts?.map(({ reason }) => reason ?? "live") ?? [];
  return `${parseTaskReference(spec.task)?.task}: ${reasons.join(", ")}`;
}

/** One pod, one process in it, one call of the function, and one answer to its report. */
export function attemptsAreMadeOnce(history: History): readonly string[] {
  return lastOfRuns(history).flatMap(({ metadata: { name }, status }) =>
    (status?.attempts ?? []).flatMap((attempt) => {
      const counts = countsOf(attempt, name, history);
      const once = { pods: 1, processes: 1, calls: 1, answers: attempt.report === undefined ? 0 : 1 };
      if (isDeepStrictEqual(counts, once)) return [];
      const had = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
      return [`attempt ${attempt.number} of ${name} had ${had.join(", ")}`];
    }),
  );
}

function countsOf({ number, podName }: Attempt, run: string, { changes, ledger }: History) {
  const pods = changes.filter(({ kind, type, object }) => {
    const made = kind === "pod" && type === "ADDED" ? attemptOf(object) : undefined;
    return made?.run === run && made.number === number;
  });
  const entries = (kind: Entry["kind"]): number =>
    ledger.filter((entry) => entry.kind === kind && entry.podName === podName).length;
  return {
    pods: pods.length,
    processes: entries("process"),
    calls: entries("started"),
    answers: entries("acknowledged"),
  };
}
