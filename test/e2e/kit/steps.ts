import { run, say } from "../../shell.ts";

/** Runs one step of the preparation, says how long it took, and ends the process with its output where it fails. */
export async function step(
  title: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const { code, output, seconds } = await run(command, args, env);
  say(`${code === 0 ? "ok  " : "FAIL"} ${title} (${seconds.toFixed(1)} s)`);
  if (code === 0) return output;
  say(output);
  throw new StepError(title);
}

/** A step failed; what it printed has been shown. */
export class StepError extends Error {
  override readonly name = "StepError";
}
