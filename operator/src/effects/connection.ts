// Where the API server is, and who we are to it. Inside a cluster that takes two variables and two files; outside, a
// kubeconfig, for which client-node is loaded, since nothing that must start fast can afford to import it.
//
//   N1. Credentials are files that others rotate: the token is read again every 60 s and once more when it is refused,
//       authority and client certificate with each new connection.
//   N2. Nothing here reads the environment; the settings come from config.ts.
import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";

import type { Timekeeper } from "./timekeeper.ts";

type TlsIdentity = Pick<ConnectionOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;

export interface Connection {
  readonly server: URL;
  /** For one new connection: whom to trust, and who we are if a certificate says so. */
  tls(): Promise<TlsIdentity>;
  /** For one request. `refused`: the last ones were answered 401. */
  headers(options?: { readonly refused: boolean }): Promise<Readonly<Record<string, string>>>;
}

export interface InClusterSettings {
  /** `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`. */
  readonly host: string;
  readonly port: number;
  /** Folder in which a pod finds its ServiceAccount's `token` and `ca.crt`. */
  readonly mount: string;
}

const credentialsAgeMs = 60_000;

/** The way from a pod to its own API server, without a library. */
export function inClusterConnection(settings: InClusterSettings, time: Timekeeper): Connection {
  const { host, port, mount } = settings;
  const authority = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return {
    server: new URL(`https://${authority}`),
    tls: async () => ({ ca: await readFile(join(mount, "ca.crt")) }),
    headers: rereading(async () => {
      const token = await readFile(join(mount, "token"), "utf8");
      return { authorization: `Bearer ${token.trim()}` };
    }, time),
  };
}

export interface KubeconfigSettings {
  /** The kubeconfig; absent means where kubectl looks. */
  readonly file?: string;
  /** Absent means the file's current context. */
  readonly context?: string;
}

/** The way in from outside: tokens, client certificates and exec plugins, as kubectl understands them. */
export async function kubeconfigConnection(settings: KubeconfigSettings, time: Timekeeper): Promise<Connection> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const kubeconfig = new KubeConfig();
  if (settings.file === undefined) kubeconfig.loadFromDefault();
  else kubeconfig.loadFromFile(settings.file);
  if (settings.context !== undefined) kubeconfig.setCurrentContext(settings.context);
  const cluster = kubeconfig.getCurrentCluster();
  if (!cluster) throw new Error(`read kubeconfig: context ${kubeconfig.getCurrentContext()} names no cluster`);

  const identity = async (): Promise<RequestOptions> => {
    const options: RequestOptions = {};
    await kubeconfig.applyToHTTPSOptions(options);
    return options;
  };
  return {
    server: new URL(cluster.server),
    async tls() {
      const { ca, cert, key, servername, rejectUnauthorized } = await identity();
      return definedOf({ ca, cert, key, servername, rejectUnauthorized });
    },
    headers: rereading(async () => headersOf(await identity()), time),
  };
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const basic = auth ? { authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {};
  const given = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  return { ...basic, ...Object.fromEntries(given) };
}

/** Node's TLS takes `undefined` for a value in some options; a kubeconfig leaves most of them out. */
function definedOf<T extends object>(options: { [K in keyof T]?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T; // fromEntries forgets
}

/** Keeps what `read` returned for a minute, and reads again at once when it is refused (N1). */
function rereading<T>(read: () => Promise<T>, time: Timekeeper): (options?: { refused: boolean }) => Promise<T> {
  let kept: { readonly value: Promise<T>; readonly readAtMs: number } | undefined;
  return ({ refused } = { refused: false }) => {
    const nowMs = time.monotonicMs();
    if (kept && !refused && nowMs - kept.readAtMs < credentialsAgeMs) return kept.value;
    const value = read();
    kept = { value, readAtMs: nowMs };
    value.catch(() => (kept = undefined)); // a failed read is not kept
    return value;
  };
}
