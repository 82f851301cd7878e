import { ExitCode } from "../exit-codes.ts";
import { printObject, type OutputFormat } from "../output.ts";
import { getRun } from "../runs.ts";
import type { Session } from "../session.ts";
import { runDetails } from "../views/run-details.ts";

/** Shows one run: where it stands, its attempts, its value or its error. */
export async function get(
  { terminal, now, connect }: Session,
  name: string,
  { output }: { readonly output?: OutputFormat },
): Promise<ExitCode> {
  const run = await getRun(await connect(), name);
  if (output) await printObject(terminal, output, run);
  else terminal.print(runDetails(run, now(), terminal.width));
  return ExitCode.Ok;
}
