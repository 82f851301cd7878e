import type { Ending } from "./attempt.ts";

/** What the process ends with; {@link file://./main.ts} tells when. */
export const exitCode = { ok: 0, failed: 1, stopped: 128 + 15 } as const;

export function exitCodeOf(ending: Ending): number {
  if (ending.kind === "stopped") return exitCode.stopped;
  return ending.report.kind === "succeeded" ? exitCode.ok : exitCode.failed;
}
