// Where the cluster is and who we are to it: what kubectl would use, else the pod's own ServiceAccount (S283).
//
//   E1. This file alone reads the environment for the client.
//   E2. Credentials are files that others rotate, or come from a plugin that knows when they end: they are asked for with
//       each request.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";

import { podContract } from "@stint/crds/attempt";

export interface Endpoint {
  readonly server: URL;
  /** Where runs are created unless the caller says otherwise. */
  readonly namespace: string;
  /** Whom to trust, and who we are if a certificate says so. */
  readonly tls: Pick<ConnectionOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;
  /** For one request. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
}

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The settings that choose an endpoint, as one text: the same settings, the same connections. */
export function endpointKey(): string {
  const { KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = process.env;
  return JSON.stringify([KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT]);
}

/** @throws {Error} `No Stint endpoint: …` if there is neither a kubeconfig nor a ServiceAccount. */
export async function findEndpoint(): Promise<Endpoint> {
  const { KUBECONFIG, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = process.env;
  if (KUBECONFIG || existsSync(join(homedir(), ".kube", "config"))) return kubeconfigEndpoint();
  if (host && existsSync(join(serviceAccount, "token"))) return inClusterEndpoint(host, port);
  throw new Error("No Stint endpoint: set STINT_URL, STINT_LOCAL_DEV or a kubeconfig");
}

/** The trace that this process is part of, in the variable by which tools pass it on (S151). */
export function callersTrace(): string | undefined {
  return process.env[podContract.traceparent];
}

async function inClusterEndpoint(host: string, port: string): Promise<Endpoint> {
  const authority = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return {
    server: new URL(`https://${authority}`),
    namespace: await mounted("namespace"),
    tls: { ca: await mounted("ca.crt") },
    headers: async () => ({ authorization: `Bearer ${await mounted("token")}` }),
  };
}

async function mounted(name: string): Promise<string> {
  return (await readFile(join(serviceAccount, name), "utf8")).trim();
}

/** Tokens, client certificates and exec plugins as kubectl understands them. */
async function kubeconfigEndpoint(): Promise<Endpoint> {
  const { KubeConfig } = await import("@kubernetes/client-node"); // heavy, and needed here alone
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromDefault();
  const name = kubeconfig.getCurrentContext();
  const cluster = kubeconfig.getCurrentCluster();
  if (!cluster) throw new Error(`read kubeconfig: context "${name}" names no cluster`);

  const identity = async (): Promise<RequestOptions> => {
    const options: RequestOptions = {};
    await kubeconfig.applyToHTTPSOptions(options);
    return options;
  };
  const { ca, cert, key, servername, rejectUnauthorized } = await identity();
  return {
    server: new URL(cluster.server),
    namespace: kubeconfig.getContextObject(name)?.namespace ?? "default",
    tls: Object.fromEntries(
      Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(([, value]) => value !== undefined),
    ),
    headers: async () => headersOf(await identity()),
  };
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const basic = auth ? { authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {};
  const given = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  return { ...basic, ...Object.fromEntries(given) };
}
