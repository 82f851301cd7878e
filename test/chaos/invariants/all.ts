// The list of what must hold. A violation is a sentence that begins with the name of the rule.
import type { History } from "../history.ts";
import type { Plan } from "../plan.ts";
import { endAsTold } from "./endings.ts";
import { operatorsStand } from "./operators.ts";
import {
  acknowledgedIsKept,
  attemptsDoNotOverlap,
  attemptsWorkOnce,
  podsHaveAPurpose,
  processesDoNotOverlap,
  runningHasAPod,
} from "./pods.ts";
import {
  attemptsAreARecord,
  budgetsDoNotMix,
  cancelIsHeeded,
  cancelReachesChildren,
  everyRunEnds,
  keysAreUsedOnce,
  terminalStaysTerminal,
} from "./runs.ts";

const invariants: readonly ((history: History) => readonly string[])[] = [
  terminalStaysTerminal,
  attemptsAreARecord,
  budgetsDoNotMix,
  cancelIsHeeded,
  cancelReachesChildren,
  keysAreUsedOnce,
  everyRunEnds,
  attemptsDoNotOverlap,
  processesDoNotOverlap,
  attemptsWorkOnce,
  acknowledgedIsKept,
  podsHaveAPurpose,
  runningHasAPod,
  operatorsStand,
];

export function violations(history: History, { submissions }: Pick<Plan, "submissions">): readonly string[] {
  return [
    ...invariants.flatMap((holds) => holds(history).map((problem) => `${holds.name}: ${problem}`)),
    ...endAsTold(submissions, history).map((problem) => `endAsTold: ${problem}`),
  ];
}
