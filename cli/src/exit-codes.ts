import type { RunOutcome } from "@stint/crds/attempt";

/** What a shell learns from `stint`: a promise to scripts (S285). */
export const ExitCode = {
  /** Of `run --wait`: the run Succeeded. Of the others: it was carried out. */
  Ok: 0,
  /** Of `run --wait`: the run Failed. Of the others: it was not carried out, and the message says why. */
  Failed: 1,
  /** What was typed is no command of ours. */
  Usage: 2,
  /** Of `run --wait`: the run was Canceled, or Skipped. */
  Canceled: 3,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const byPhase = {
  Succeeded: ExitCode.Ok,
  Failed: ExitCode.Failed,
  Canceled: ExitCode.Canceled,
  Skipped: ExitCode.Canceled,
} as const satisfies Record<RunOutcome["phase"], ExitCode>;

/** The exit code of a command that waited for a run which ended in this phase. */
export function exitCodeOf(phase: RunOutcome["phase"]): ExitCode {
  return byPhase[phase];
}
