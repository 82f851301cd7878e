// Tasks that try what a run may not: an inline bundle of its own. Its text is what the cluster gets.
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:https";

import { currentContext, task } from "@stint/sdk";

const { env } = process;

interface Target {
  readonly url: string;
  readonly ca: string | undefined;
  readonly servername?: string | undefined;
}

/** The status that a server answers a bearer of this token with. */
function knock({ url, ...tls }: Target, method: string, token: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const body = method === "POST" ? "{}" : undefined;
    const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
    const asked = request(url, { ...tls, method, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

function ownToken(): string {
  return readFileSync(env["STINT_TOKEN_FILE"] ?? "/var/run/stint/token", "utf8").trim();
}

function gateway(path: string): Target {
  const url = `https://${env["STINT_GATEWAY_ADDRESS"]}/attempt/v1/${path}`;
  return { url, ca: env["STINT_GATEWAY_CA"], servername: env["STINT_GATEWAY_NAME"] };
}

/** What the gateway says to each of these tokens. */
export const shows = task("shows", (tokens: readonly string[]) =>
  Promise.all(tokens.map((token) => knock(gateway("assignment"), "GET", token))),
);

/** What the gateway says to this pod about a run that it did not start. */
export const meddles = task("meddles", (run: string) =>
  Promise.all(["cancel", "rerun"].map((verb) => knock(gateway(`children/${run}/${verb}`), "POST", ownToken()))),
);

/** What there is in this pod to speak to Kubernetes with, and what the API server says to it. */
export const credentials = task("credentials", async () => {
  const url = `https://${env["KUBERNETES_SERVICE_HOST"]}:${env["KUBERNETES_SERVICE_PORT"]}/api/v1/namespaces/default/pods`;
  // It has not even got the API server's certificate authority to check it by.
  const unchecked = { url, ca: undefined, rejectUnauthorized: false };
  return {
    isMounted: existsSync("/var/run/secrets/kubernetes.io/serviceaccount"),
    answer: await knock(unchecked, "GET", ownToken()),
  };
});

/** The shape of its secrets: enough to know that it has them. */
export const keeps = task("keeps", () => [env["LITERAL"]?.length, env["FROM_SECRET"]?.length, ownToken().length > 100]);
export const keepsAndFails = task("keeps-and-fails", { retry: { delaysSeconds: [0] } }, () => {
  throw new Error(`failed with keeps`);
});
/** Lives until it is canceled. */
export const waits = task("waits", () => {
  const { signal } = currentContext();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve("canceled")));
});
