// The development server of this machine. It takes plain HTTP on the loopback interface, and who may ask it says a token
// in a kubeconfig that it leaves for its port in the home directory, for nobody else to read (S283).
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

import { EndpointError } from "./endpoint-error.ts";
import type { Endpoint } from "./endpoint.ts";

/** Where `stint dev` listens unless it is told otherwise. */
export const defaultLocalPort = 8120;

/** The kubeconfig of the development server on that port, as JSON, which is YAML to kubectl. */
export function localKubeconfigFile(port: number): string {
  return join(homedir(), ".stint", `dev-${port}.kubeconfig`);
}

/** @throws {EndpointError} for an address of another machine, and where no such server has been started. */
export async function localEndpoint(url = `http://localhost:${defaultLocalPort}`): Promise<Endpoint> {
  const server = parseLocalUrl(url);
  const port = Number(server.port || "80");
  // A server that starts again has another token, and a program that runs on should not notice.
  const headers = async () => ({ authorization: `Bearer ${await tokenFor(port)}` });
  await headers();
  return { server, namespace: "default", tls: {}, headers };
}

function parseLocalUrl(url: string): URL {
  const server = URL.canParse(url) ? new URL(url) : undefined;
  if (server?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(server.hostname)) return server;
  throw new EndpointError(
    `"${url}" is no development server of this machine`,
    `Write http://localhost:<port> into STINT_LOCAL_DEV_URL, or use a kubeconfig.`,
  );
}

async function tokenFor(port: number): Promise<string> {
  try {
    const text = await readFile(localKubeconfigFile(port), "utf8");
    return (JSON.parse(text) as LocalKubeconfig).users[0].user.token;
  } catch (error) {
    const remedy = "Start one with `stint dev`, or name its address in STINT_LOCAL_DEV_URL.";
    throw new EndpointError(`no development server on port ${port}`, remedy, { cause: error });
  }
}

/** As much of it as is needed here; `stint dev` writes it. */
interface LocalKubeconfig {
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}
