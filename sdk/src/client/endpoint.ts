// Where the cluster is and who we are to it (S283).
//
//   E1. This file alone reads the environment for the client.
//   E2. Credentials are files that others rotate, or come from a plugin that knows when they end: they are asked for with
//       each request.
//   E3. What is named comes before what is lying around: a choice of the caller's, the development server, an address and
//       its token, a kubeconfig, the pod's own ServiceAccount.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";

import type { KubeConfig } from "@kubernetes/client-node";
import { podContract } from "@stint/crds/attempt";

import { EndpointError } from "./endpoint-error.ts";
import { localEndpoint } from "./local-server.ts";

export interface Endpoint {
  readonly server: URL;
  /** Where runs are created unless the caller says otherwise. */
  readonly namespace: string;
  /** Whom to trust, and who we are if a certificate says so. */
  readonly tls: Pick<ConnectionOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;
  /** For one request. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
}

/** A cluster that the caller names, whatever the environment says. */
export interface EndpointChoice {
  /** File to read; absent: where kubectl looks. */
  readonly kubeconfig?: string;
  /** One of its contexts; absent: its current one. */
  readonly context?: string;
  /** The development server of this machine. */
  readonly local?: boolean;
}

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

const variables = [
  "STINT_LOCAL_DEV",
  "STINT_LOCAL_DEV_URL",
  "RENDER_USE_LOCAL_DEV",
  "RENDER_LOCAL_DEV_URL",
  "STINT_URL",
  "STINT_TOKEN",
  "KUBECONFIG",
  "HOME",
  "KUBERNETES_SERVICE_HOST",
  "KUBERNETES_SERVICE_PORT",
] as const;

/** The settings that choose an endpoint, as one text: the same settings, the same connections. */
export function endpointKey(): string {
  return JSON.stringify(variables.map((name) => process.env[name] ?? null));
}

/** @throws {EndpointError} `No Stint endpoint: …` if nothing names one, and where what is named cannot be found. */
export async function findEndpoint(choice: EndpointChoice = {}): Promise<Endpoint> {
  if (choice.local === true) return localEndpoint(localUrl());
  if (choice.kubeconfig !== undefined || choice.context !== undefined) return kubeconfigEndpoint(choice);
  const { STINT_LOCAL_DEV, RENDER_USE_LOCAL_DEV, STINT_URL: url, STINT_TOKEN: token, KUBECONFIG } = process.env;
  if ([STINT_LOCAL_DEV, RENDER_USE_LOCAL_DEV].some(isOn)) return localEndpoint(localUrl());
  if (url) return tokenEndpoint(url, token);
  if (KUBECONFIG || existsSync(join(homedir(), ".kube", "config"))) return kubeconfigEndpoint({});
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = process.env;
  if (host && existsSync(join(serviceAccount, "token"))) return inClusterEndpoint(host, port);
  throw new EndpointError(
    "No Stint endpoint: set STINT_URL, STINT_LOCAL_DEV or a kubeconfig",
    "Set KUBECONFIG. For the server that `stint dev` runs, type `stint --local`; a program needs STINT_LOCAL_DEV=1.",
  );
}

/** As Render's SDK reads its switch. */
function isOn(value: string | undefined): boolean {
  return ["1", "t", "T", "true", "TRUE", "True"].includes(value ?? "");
}

function localUrl(): string | undefined {
  return process.env["STINT_LOCAL_DEV_URL"] || process.env["RENDER_LOCAL_DEV_URL"] || undefined;
}

function tokenEndpoint(url: string, token: string | undefined): Endpoint {
  if (!URL.canParse(url)) throw new EndpointError(`STINT_URL "${url}" is no URL`, "Write https://<host>:<port>.");
  if (!token) throw new EndpointError("STINT_URL is set without STINT_TOKEN", "Set it to a token of the cluster.");
  return {
    server: new URL(url),
    namespace: "default",
    tls: {},
    headers: () => Promise.resolve({ authorization: `Bearer ${token}` }),
  };
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
async function kubeconfigEndpoint({ kubeconfig: file, context }: EndpointChoice): Promise<Endpoint> {
  const kubeconfig = await loadKubeconfig(file);
  if (context !== undefined) kubeconfig.setCurrentContext(context);
  const name = kubeconfig.getCurrentContext();
  const cluster = kubeconfig.getCurrentCluster();
  if (!cluster) {
    const known = kubeconfig.getContexts().map((each) => each.name);
    throw new EndpointError(`context "${name}" is not in the kubeconfig`, `Choose one of: ${known.join(", ")}.`);
  }

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

async function loadKubeconfig(file: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node"); // heavy, and needed here alone
  const kubeconfig = new KubeConfig();
  if (file === undefined) kubeconfig.loadFromDefault();
  else kubeconfig.loadFromFile(file);
  return kubeconfig;
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const basic = auth ? { authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {};
  const given = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  return { ...basic, ...Object.fromEntries(given) };
}
