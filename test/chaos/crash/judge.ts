// What must hold of a story, wherever an operator died in it: the rules of chaos, and that nothing is lost and nothing done twice.
import { isDeepStrictEqual } from "node:util";

import { parseTaskReference } from "@stint/crds/labels";
import type { TaskRun } from "@stint/crds/taskrun";

import { attemptOf, type Entry, type History, lastOfRuns } from "../history.ts";
import { violations } from "../invariants/all.ts";
import type { Story } from "./stories.ts";

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
export function attemptsAreMadeOnce({ changes, ledger, ...history }: History): readonly string[] {
  const pods = changes.flatMap(({ kind, type, object }) => (kind === "pod" && type === "ADDED" ? [object] : []));
  const entries = (kind: Entry["kind"], podName: string): number =>
    ledger.filter((entry) => entry.kind === kind && entry.podName === podName).length;
  return lastOfRuns({ changes, ledger, ...history }).flatMap(({ metadata: { name }, status }) =>
    (status?.attempts ?? []).flatMap(({ number, podName, report }) => {
      const own = pods.filter((pod) => attemptOf(pod)?.run === name && attemptOf(pod)?.number === number);
      const counts = {
        pods: own.length,
        processes: entries("process", podName),
        calls: entries("started", podName),
        answers: entries("acknowledged", podName),
      };
      const once = { pods: 1, processes: 1, calls: 1, answers: report === undefined ? 0 : 1 };
      return isDeepStrictEqual(counts, once)
        ? []
        : [
            `attempt ${number} of ${name} had ${Object.entries(counts)
              .map(([what, n]) => `${n} ${what}`)
              .join(", ")}`,
          ];
    }),
  );
}
