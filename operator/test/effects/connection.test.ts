import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";

import { afterEach, beforeEach, expect, test } from "vitest";

import { type Connection, inClusterConnection, kubeconfigConnection } from "../../src/effects/connection.ts";
import { KubernetesCluster } from "../../src/effects/kubernetes.ts";
import { nodes } from "../../src/effects/resources.ts";
import { type Credentials, issueCertificate, makeAuthority } from "../../src/effects/x509.ts";
import { ApiServer } from "../fakes/api-server.ts";
import { FakeClock } from "../fakes/clock.ts";
import { hurriedTime } from "../fakes/hurried-time.ts";

const validity = { notBefore: new Date("2026-01-01T00:00:00Z"), notAfter: new Date("2126-01-01T00:00:00Z") };

let folder: string;
let clock: FakeClock;
let authority: Credentials;
let server: ApiServer;
const clusters: KubernetesCluster[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "stint-connection-"));
  clock = new FakeClock();
  authority = await makeAuthority("test authority", validity);
  server = await serverUnder(authority);
  await writeFile(file("ca.crt"), authority.certificate);
  await writeFile(file("token"), "first\n");
});

afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.close()));
  await server.close();
  await rm(folder, { recursive: true });
});

function file(name: string): string {
  return join(folder, name);
}

async function serverUnder(signer: Credentials): Promise<ApiServer> {
  const { certificate: cert, key } = await issueCertificate(signer, "localhost", validity);
  const started = await ApiServer.start({ tls: { cert, key, requestCert: true } });
  started.store.create(nodes, undefined, { metadata: { name: "n" } });
  return started;
}

function inCluster(): Connection {
  return inClusterConnection({ host: "localhost", port: server.port, mount: folder }, clock);
}

function clusterOver(connection: Connection): KubernetesCluster {
  const cluster = new KubernetesCluster({
    connection,
    time: hurriedTime(),
    random: () => 0,
    userAgent: "stint-operator/0.1.0",
    observer: { throttled: () => {}, answered: () => {} },
    tries: 1,
  });
  clusters.push(cluster);
  return cluster;
}

function tokens(): readonly unknown[] {
  return server.requests.map(({ headers }) => headers["authorization"]);
}

test("inside a cluster two variables and two files are enough", async () => {
  server.token = "first";

  const node = await clusterOver(inCluster()).get(nodes, { name: "n" });

  expect(node.metadata.name).toBe("n");
});

test("an address of IPv6 stands in brackets", () => {
  const { server: address } = inClusterConnection({ host: "fd00::1", port: 443, mount: folder }, clock);

  expect(address.href).toBe("https://[fd00::1]/");
});

test("the kubelet rotates the token, and it is read again every minute", async () => {
  const cluster = clusterOver(inCluster());
  await cluster.get(nodes, { name: "n" });
  await writeFile(file("token"), "second");

  await clock.advance(59_999);
  await cluster.get(nodes, { name: "n" });
  await clock.advance(1);
  await cluster.get(nodes, { name: "n" });

  expect(tokens()).toEqual(["Bearer first", "Bearer first", "Bearer second"]);
});

test("a token that is refused is read again at once, and the request repeated", async () => {
  const cluster = clusterOver(inCluster());
  await cluster.get(nodes, { name: "n" });
  await writeFile(file("token"), "second");
  server.token = "second";

  await cluster.get(nodes, { name: "n" });

  expect(tokens()).toEqual(["Bearer first", "Bearer first", "Bearer second"]);
});

test("a token that stays refused is refused: it is asked twice and no more", async () => {
  server.token = "another";

  await expect(clusterOver(inCluster()).get(nodes, { name: "n" })).rejects.toMatchObject({ reason: "unauthorized" });

  expect(server.requests).toHaveLength(2);
});

test("without its token file it is unavailable, until the file is there", async () => {
  await rm(file("token"));
  const cluster = clusterOver(inCluster());

  await expect(cluster.get(nodes, { name: "n" })).rejects.toMatchObject({ reason: "unavailable" });

  await writeFile(file("token"), "late");
  await cluster.get(nodes, { name: "n" });
  expect(tokens()).toEqual(["Bearer late"]);
});

test("a server under another authority is not spoken to, until the authority's file names it", async () => {
  const successor = await makeAuthority("its successor", validity);
  await server.close();
  server = await serverUnder(successor);
  const cluster = clusterOver(inCluster());

  await expect(cluster.get(nodes, { name: "n" })).rejects.toMatchObject({ reason: "unavailable", status: undefined });
  expect(server.requests).toEqual([]);

  await writeFile(file("ca.crt"), authority.certificate + successor.certificate);
  await cluster.get(nodes, { name: "n" });
  expect(server.requests).toHaveLength(1);
});

test("outside a cluster a kubeconfig says where, whom to trust, and who we are", async () => {
  const user = await issueCertificate(authority, "someone", validity);
  await writeFile(file("config"), kubeconfig({ token: "from-kubeconfig", ...inBase64(user) }));
  let peer: string | undefined;
  server.onConnection = (socket) => (peer = (socket as TLSSocket).getPeerX509Certificate()?.subjectAltName);

  const connection = await kubeconfigConnection({ file: file("config") }, clock);
  await clusterOver(connection).get(nodes, { name: "n" });

  expect(tokens()).toEqual(["Bearer from-kubeconfig"]);
  expect(peer).toBe("DNS:someone");
});

test("an exec plugin of the kubeconfig is asked for the token", async () => {
  const credential = {
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token: "minted" },
  };
  const exec = { apiVersion: credential.apiVersion, command: "echo", args: [JSON.stringify(credential)] };
  await writeFile(file("config"), kubeconfig({ exec }));

  const connection = await kubeconfigConnection({ file: file("config"), context: "there" }, clock);
  await clusterOver(connection).get(nodes, { name: "n" });

  expect(tokens()).toEqual(["Bearer minted"]);
});

/** JSON is YAML. */
function kubeconfig(user: object): string {
  const ca = Buffer.from(authority.certificate).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "there",
    contexts: [{ name: "there", context: { cluster: "stub", user: "me" } }],
    clusters: [{ name: "stub", cluster: { server: server.url.href, "certificate-authority-data": ca } }],
    users: [{ name: "me", user }],
  });
}

function inBase64({ certificate, key }: Credentials): object {
  return {
    "client-certificate-data": Buffer.from(certificate).toString("base64"),
    "client-key-data": Buffer.from(key).toString("base64"),
  };
}
