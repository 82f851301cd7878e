import type { Sleep } from "@stint/sdk/client/transport";
import { Cluster } from "./cluster.ts";
import { endpointOf, type Place } from "./endpoint.ts";
import type { Terminal } from "./terminal.ts";

/** What one command works with. */
export interface Session {
  readonly terminal: Terminal;
  readonly now: () => Date;
  /** Aborted by the first Ctrl-C, or SIGTERM, after the call; the second one kills. */
  readonly interrupted: () => AbortSignal;
  /** To the cluster that the command's options name. */
  readonly connect: () => Promise<Cluster>;
}

/** A wait that a person notices. */
const noticeableMs = 500;

/** A connection whose waits are explained to whoever sits there. */
export async function connectTo(place: Place, { note }: Terminal, sleep: Sleep): Promise<Cluster> {
  const endpoint = await endpointOf(place);
  let isTold = false;
  return new Cluster(endpoint, (ms, signal) => {
    if (ms >= noticeableMs && !isTold) note(`no good answer from ${endpoint.server.host} yet, trying again`);
    isTold ||= ms >= noticeableMs;
    return sleep(ms, signal);
  });
}
