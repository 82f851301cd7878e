import type { Cluster } from "../cluster.ts";
import { failed, ok, type Finding } from "./finding.ts";

/** Selectable fields of custom resources, on which `stint runs --phase` stands, came with this one. */
const oldest = { major: 1, minor: 31 };
const patienceMs = 10_000;

interface Version {
  readonly gitVersion: string;
  readonly major: string;
  readonly minor: string;
}

/** Whether there is a Kubernetes, and one that is new enough. Throws if it does not answer within 10 s. */
export async function checkVersion(cluster: Cluster): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(patienceMs);
  const answer = await cluster.read("/version", "read the cluster's version", signal);
  const { gitVersion, major, minor } = answer as Version; // Kubernetes' own promise
  const place = `Kubernetes ${gitVersion} at ${cluster.server}`;
  const isNewEnough = Number(major) > oldest.major || Number.parseInt(minor, 10) >= oldest.minor; // "31+" is a minor too
  return isNewEnough
    ? [ok("cluster", place)]
    : [failed("cluster", `${place} is too old`, `Use Kubernetes ${oldest.major}.${oldest.minor} or newer.`)];
}
