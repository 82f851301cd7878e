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

/** Whether it is the server of `stint dev`, where nothing is installed: its operator is a process beside it. */
export async function isDevelopmentServer(cluster: Cluster): Promise<boolean> {
  const { gitVersion } = await versionOf(cluster);
  return gitVersion.endsWith("-devcluster");
}

/** Whether there is a Kubernetes, and one that is new enough. Throws if it does not answer within 10 s. */
export async function checkVersion(cluster: Cluster): Promise<readonly Finding[]> {
  const { gitVersion, major, minor } = await versionOf(cluster);
  const place = `Kubernetes ${gitVersion} at ${cluster.server}`;
  const isNewEnough = Number(major) > oldest.major || Number.parseInt(minor, 10) >= oldest.minor; // "31+" is a minor too
  return isNewEnough
    ? [ok("cluster", place)]
    : [failed("cluster", `${place} is too old`, `Use Kubernetes ${oldest.major}.${oldest.minor} or newer.`)];
}

async function versionOf(cluster: Cluster): Promise<Version> {
  const signal = AbortSignal.timeout(patienceMs);
  return (await cluster.read("/version", "read the cluster's version", signal)) as Version; // Kubernetes' own promise
}
