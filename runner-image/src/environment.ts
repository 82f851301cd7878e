// What the operator tells the process about itself. The only reader of the environment.
import { podContract, type RunnerMode } from "@stint/crds/attempt";

/** Where the gateway is, and how to know it (S294). */
export interface GatewayTarget {
  /** An IP, so that no DNS is needed. */
  readonly host: string;
  readonly port: number;
  /** The name in its certificate. */
  readonly name: string;
  /** PEM; while a CA is rotated, the old one and the new. */
  readonly ca: string;
}

export interface Environment {
  readonly mode: RunnerMode;
  readonly gateway: GatewayTarget;
  /** The module to import, as given; absent: `main` of the package in the working directory (S11). */
  readonly entrypoint: string | undefined;
  readonly tokenFile: string;
  readonly terminationLog: string;
  /** The W3C trace context of the run, if it has one (S151). */
  readonly traceparent: string | undefined;
}

/** The environment cannot be used: its text says all that is wrong, one line each. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
  /** What the process exits with: 2 for an unknown mode (S11), else 1. */
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

type Variables = Readonly<Record<string, string | undefined>>;

/** @throws {EnvironmentError} */
export function parseEnvironment(variables: Variables): Environment {
  const mode = variables[podContract.mode] ?? "";
  if (mode !== "register" && mode !== "run") throw new EnvironmentError(`Unknown STINT_MODE "${mode}"`, 2);
  return {
    mode,
    gateway: parseGateway(variables),
    entrypoint: variables[podContract.entrypoint],
    tokenFile: variables[podContract.tokenFileVariable] ?? podContract.tokenFile,
    terminationLog: variables[podContract.terminationLogVariable] ?? podContract.terminationLog,
    traceparent: variables[podContract.traceparent],
  };
}

function parseGateway(variables: Variables): GatewayTarget {
  const address = variables[podContract.gatewayAddress] ?? "";
  const name = variables[podContract.gatewayName] ?? "";
  const ca = variables[podContract.gatewayCa] ?? "";
  const endpoint = parseEndpoint(address);
  const problems = [
    endpoint ? [] : `${podContract.gatewayAddress}: must be <ip>:<port>, got "${address}"`,
    name ? [] : `${podContract.gatewayName}: is not set`,
    ca ? [] : `${podContract.gatewayCa}: is not set`,
  ].flat();
  if (!endpoint || problems.length > 0) throw new EnvironmentError(problems.join("\n"), 1);
  return { ...endpoint, name, ca };
}

/** Splits `10.0.0.1:8443` or `[fd00::1]:8443`. */
function parseEndpoint(address: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  return host === undefined ? undefined : { host, port: Number(match?.[3]) };
}
