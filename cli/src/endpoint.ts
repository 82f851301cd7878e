// Which cluster is meant, and who we are to it: the SDK's answer (S283), unless the command names another.
import type { RequestOptions } from "node:https";

import type { KubeConfig } from "@kubernetes/client-node";

import { findEndpoint, type Endpoint } from "../../sdk/src/client/endpoint.ts";
import { Problem } from "./problem.ts";

/** The options that every command has. */
export interface Place {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

/** Throws a {@link Problem} if no cluster is named, or the kubeconfig cannot be read. */
export async function endpointOf(place: Place): Promise<Endpoint> {
  const { kubeconfig, context, namespace } = place;
  try {
    const endpoint = kubeconfig === undefined && context === undefined ? await findEndpoint() : await named(place);
    return namespace === undefined ? endpoint : { ...endpoint, namespace };
  } catch (error) {
    if (error instanceof Problem) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new Problem(`find the cluster: ${message}`, "Set KUBECONFIG, or name a file with --kubeconfig.", {
      cause: error,
    });
  }
}

/** One of the contexts of one kubeconfig. */
async function named({ kubeconfig: file, context }: Place): Promise<Endpoint> {
  const kubeconfig = await load(file);
  if (context !== undefined) kubeconfig.setCurrentContext(context);
  const current = kubeconfig.getCurrentContext();
  const cluster = kubeconfig.getCurrentCluster();
  if (!cluster) {
    const known = kubeconfig.getContexts().map(({ name }) => name);
    throw new Problem(`context "${current}" is not in the kubeconfig`, `Choose one of: ${known.join(", ")}.`);
  }
  return {
    server: new URL(cluster.server),
    namespace: kubeconfig.getContextObject(current)?.namespace ?? "default",
    tls: tlsOf(await identityOf(kubeconfig)),
    headers: async () => headersOf(await identityOf(kubeconfig)),
  };
}

async function load(file: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node"); // heavy, and needed here alone
  const kubeconfig = new KubeConfig();
  if (file === undefined) kubeconfig.loadFromDefault();
  else kubeconfig.loadFromFile(file);
  return kubeconfig;
}

/** Asked for with each request: a token may come from a plugin that knows when it ends. */
async function identityOf(kubeconfig: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  await kubeconfig.applyToHTTPSOptions(options);
  return options;
}

function tlsOf({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): Endpoint["tls"] {
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const given = Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
  return auth ? { ...given, authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : given;
}
