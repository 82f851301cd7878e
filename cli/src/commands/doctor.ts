import type { Cluster } from "../cluster.ts";
import { failed, type Check, type Finding } from "../doctor/finding.ts";
import { checkDevelopmentOperator, checkGateway, checkInstanceTypes, checkOperator } from "../doctor/installation.ts";
import { checkKinds } from "../doctor/kinds.ts";
import { checkPermissions } from "../doctor/permissions.ts";
import { checkVersion, isDevelopmentServer } from "../doctor/version.ts";
import { ExitCode } from "../exit-codes.ts";
import { toProblem } from "../problem.ts";
import { wrap } from "../render.ts";
import type { Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { oneLine } from "../width.ts";

/** Each with the name under which it is told that the check itself could not be made. */
type Checks = readonly (readonly [about: string, check: Check])[];

const installed: Checks = [
  ["operator", checkOperator],
  ["gateway", checkGateway],
];
const inDevelopment: Checks = [["operator", checkDevelopmentOperator]];

const checksOf = (operator: Checks): Checks => [
  ["CRDs", checkKinds],
  ["permissions", checkPermissions],
  ...operator,
  ["instance types", checkInstanceTypes],
];

/** Looks at all that Stint needs and says what to do where something is wrong; then the exit code is 1. */
export async function doctor({ terminal, connect }: Session): Promise<ExitCode> {
  let isWell = true;
  for await (const finding of findingsAbout(await connect())) {
    show(terminal, finding);
    isWell &&= finding.kind !== "failed";
  }
  return isWell ? ExitCode.Ok : ExitCode.Failed;
}

/** A cluster that cannot be reached is asked nothing more. */
async function* findingsAbout(cluster: Cluster): AsyncGenerator<Finding, void, undefined> {
  const reached = await told("cluster", checkVersion, cluster);
  yield* reached.findings;
  if (!reached.wasMade) return;
  const checks = checksOf((await isDevelopmentServer(cluster)) ? inDevelopment : installed);
  for (const [about, check] of checks) yield* (await told(about, check, cluster)).findings;
}

async function told(
  about: string,
  check: Check,
  cluster: Cluster,
): Promise<{ readonly wasMade: boolean; readonly findings: readonly Finding[] }> {
  try {
    return { wasMade: true, findings: await check(cluster) };
  } catch (error) {
    const { message, remedy } = toProblem(error);
    return { wasMade: false, findings: [failed(about, message, remedy)] };
  }
}

const marks = { ok: "ok     ", failed: "FAILED ", unknown: "unknown" } as const satisfies Record<
  Finding["kind"],
  string
>;

function show({ print, width }: Terminal, { kind, about, message, remedy }: Finding): void {
  const margin = " ".repeat(marks.ok.length + 2);
  const text = oneLine(`${about}: ${message}`);
  const lines = [text, ...(remedy === undefined ? [] : [`→ ${remedy}`])].flatMap((each) =>
    wrap(each, Math.max(width - margin.length, 20)),
  );
  print(lines.map((line, at) => (at === 0 ? `${marks[kind]}  ${line}` : margin + line)).join("\n"));
}
