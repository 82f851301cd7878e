import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { connect } from "node:tls";

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { authoritySecret, CertificateAuthority } from "../../src/effects/certificates.ts";
import { secrets } from "../../src/effects/resources.ts";
import { splitPem, type Credentials } from "../../src/effects/x509.ts";
import { RefusedError } from "../../src/errors.ts";
import { apiError, FakeCluster } from "../fakes/cluster.ts";

const namespace = "stint-system";
const tlsName = "stint-gateway.stint-system.svc";
const secret = { namespace, name: authoritySecret };
const dayMs = 86_400_000;
const start = new Date();

function onDay(day: number): Date {
  return new Date(start.getTime() + day * dayMs);
}

function aCluster(): FakeCluster {
  return new FakeCluster({ now: () => start });
}

async function anAuthority(cluster: FakeCluster, day = 0, givenSecret?: string): Promise<CertificateAuthority> {
  const authority = new CertificateAuthority(cluster, namespace, givenSecret);
  await authority.refresh(onDay(day));
  return authority;
}

/** Whether one of the certificates in the bundle signed this one. */
function isTrusted({ certificate }: Credentials, bundle: string): boolean {
  const served = new X509Certificate(certificate);
  return splitPem(bundle).some((pem) => served.checkIssued(new X509Certificate(pem)));
}

test("a client that trusts the bundle shakes hands with what was issued, by its name alone", async () => {
  const authority = await anAuthority(aCluster());
  const serving = await authority.issue(tlsName, start);
  const other = await anAuthority(aCluster());

  expect(await handshake(serving, { servername: tlsName, ca: authority.trustBundle() })).toBe("trusted");
  expect(await handshake(serving, { servername: "elsewhere.svc", ca: authority.trustBundle() })).toContain("not match");
  expect(await handshake(serving, { servername: tlsName, ca: other.trustBundle() })).not.toBe("trusted");
});

test.each([
  { now: 250, signer: "old" },
  { now: 252.5, signer: "new" },
])("a client that trusts two authorities shakes hands under the $signer one", async ({ now }) => {
  const cluster = aCluster();
  const authority = new CertificateAuthority(cluster, namespace);
  const made = start.getTime() - now * dayMs; // so that today is the day after a rotation on which this one signs
  for (const day of [0, 244]) await authority.refresh(new Date(made + day * dayMs));
  const serving = await authority.issue(tlsName, start);

  expect(splitPem(authority.trustBundle())).toHaveLength(2);
  expect(await handshake(serving, { servername: tlsName, ca: authority.trustBundle() })).toBe("trusted");
});

/** What a client on loopback says to a server with this certificate. */
async function handshake(
  { key, certificate }: Credentials,
  client: { servername: string; ca: string },
): Promise<string> {
  const server = createServer({ key, cert: certificate });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  const said = await new Promise<string>((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, ...client }, () => {
      resolve("trusted");
      socket.destroy();
    });
    socket.on("error", ({ message }) => resolve(message));
  });
  server.close();
  return said;
}

test("replicas that start together agree on one authority", async () => {
  const cluster = aCluster();

  const [one, other] = await Promise.all([anAuthority(cluster), anAuthority(cluster)]);

  expect(one.trustBundle()).toBe(other.trustBundle());
  expect(splitPem(one.trustBundle())).toHaveLength(1);
});

test("an authority whose write was not answered is found at the next try", async () => {
  const cluster = aCluster();
  cluster.commitThenFailNext("create", secrets);
  const authority = new CertificateAuthority(cluster, namespace);

  await expect(authority.refresh(start)).rejects.toMatchObject({ reason: "unavailable" });
  await authority.refresh(start);

  expect(cluster.writes).toHaveLength(1);
});

test("while the API server is away the last known authority signs on", async () => {
  const cluster = aCluster();
  const authority = await anAuthority(cluster);
  cluster.failNext("get", secrets, apiError("unavailable"));

  await expect(authority.refresh(onDay(1))).rejects.toMatchObject({ reason: "unavailable" });

  expect(isTrusted(await authority.issue(tlsName, onDay(1)), authority.trustBundle())).toBe(true);
});

test("an empty Secret is filled, and its other members stay", async () => {
  const cluster = aCluster();
  cluster.seed(secrets, { metadata: { ...secret, uid: "given" } });

  const authority = await anAuthority(cluster);

  expect(splitPem(authority.trustBundle())).toHaveLength(1);
  expect(cluster.peek(secrets, secret)?.metadata.uid).toBe("given");
});

test.each([
  { given: "no PEM", data: { "ca.crt": "eHh4", "ca.key": "eHh4" } },
  { given: "a certificate without a key", data: { "ca.crt": btoa(certificateText()) } },
  { given: "something else altogether", data: { password: "eHh4" } },
])("a Secret with $given is refused and not overwritten", async ({ data }) => {
  const cluster = aCluster();
  cluster.seed(secrets, { metadata: { ...secret, uid: "given" }, data });

  await expect(anAuthority(cluster)).rejects.toThrow(RefusedError);

  expect(cluster.peek(secrets, secret)?.data).toEqual(data);
});

describe("a Secret that people keep (S294)", () => {
  const given = { namespace, name: "our-ca" };

  function aGivenAuthority(cluster: FakeCluster, day = 0): Promise<CertificateAuthority> {
    return anAuthority(cluster, day, given.name);
  }

  /** What the operator would have made, as the content of another Secret. */
  async function seedAuthority(cluster: FakeCluster): Promise<Record<string, string>> {
    const other = aCluster();
    await anAuthority(other);
    const { data = {} } = other.peek(secrets, secret) ?? {};
    cluster.seed(secrets, { metadata: { ...given, uid: "given" }, data });
    return data;
  }

  test("signs, and is never written: not when it is old either", async () => {
    const cluster = aCluster();
    await seedAuthority(cluster);

    for (const day of [0, 300, 364]) {
      const authority = await aGivenAuthority(cluster, day);
      expect(isTrusted(await authority.issue(tlsName, onDay(day)), authority.trustBundle())).toBe(true);
    }
    expect(cluster.writes).toEqual([]);
  });

  test("may hold a key as `openssl ecparam` writes it", async () => {
    const cluster = aCluster();
    const data = await seedAuthority(cluster);
    const sec1 = createPrivateKey(atob(data["ca.key"] ?? "")).export({ type: "sec1", format: "pem" });
    cluster.seed(secrets, { metadata: { ...given, uid: "given" }, data: { ...data, "ca.key": btoa(String(sec1)) } });

    const authority = await aGivenAuthority(cluster);

    const serving = await authority.issue(tlsName, start);
    expect(await handshake(serving, { servername: tlsName, ca: authority.trustBundle() })).toBe("trusted");
  });

  test.each<{ wrong: string; change: (data: Record<string, string>) => Record<string, string> | undefined }>([
    { wrong: "is not there", change: () => undefined },
    { wrong: "is empty", change: () => ({}) },
    { wrong: "has no key", change: ({ "ca.crt": certificate = "" }) => ({ "ca.crt": certificate }) },
    { wrong: "has the key of another", change: (data) => ({ ...data, "ca.key": btoa(anotherKey()) }) },
    { wrong: "has an RSA key", change: (data) => ({ ...data, "ca.key": btoa(anotherKey("rsa")) }) },
  ])("is refused if it $wrong, and says what it is to hold", async ({ change }) => {
    const cluster = aCluster();
    const data = change(await seedAuthority(aCluster()));
    if (data) cluster.seed(secrets, { metadata: { ...given, uid: "given" }, data });

    await expect(aGivenAuthority(cluster)).rejects.toThrow(
      "read secret our-ca: ca.crt and ca.key do not hold an authority each, a certificate and its P-256 key in PEM",
    );
    expect(cluster.writes).toEqual([]);
  });

  function anotherKey(kind: "ec" | "rsa" = "ec"): string {
    const pair =
      kind === "ec"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : generateKeyPairSync("rsa", { modulusLength: 1024 });
    return String(pair.privateKey.export({ type: "pkcs8", format: "pem" }));
  }
});

function certificateText(): string {
  return "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
}

describe("a serving certificate", () => {
  test("is due when half of its four days are over", async () => {
    const authority = await anAuthority(aCluster());
    const serving = await authority.issue(tlsName, start);

    expect([0, 1.9, 2.1].map((day) => authority.isDue(serving, onDay(day)))).toEqual([false, false, true]);
  });

  test("is due when another authority signs", async () => {
    const cluster = aCluster();
    const authority = await anAuthority(cluster);
    await authority.refresh(onDay(250));
    const serving = await authority.issue(tlsName, onDay(257.9));

    await authority.refresh(onDay(258));

    expect(authority.isDue(serving, onDay(258))).toBe(true);
  });

  test("does not outlive its authority", async () => {
    const authority = await anAuthority(aCluster());

    const { notAfter } = await authority.issue(tlsName, onDay(364));

    expect(notAfter.getTime()).toBeLessThanOrEqual(onDay(365).getTime());
  });
});

describe("rotation (S294)", () => {
  test("pods are given both authorities before the new one signs, and the old one goes after it", async () => {
    const authority = await anAuthority(aCluster());
    const first = authority.trustBundle();
    const trusted: string[] = [];

    for (const day of [243, 244, 252, 253]) {
      await authority.refresh(onDay(day));
      const signedByFirst = isTrusted(await authority.issue(tlsName, onDay(day)), first);
      trusted.push(
        `${day}: ${splitPem(authority.trustBundle()).length} trusted, ${signedByFirst ? "old" : "new"} signs`,
      );
    }

    expect(trusted).toEqual([
      "243: 1 trusted, old signs",
      "244: 2 trusted, old signs",
      "252: 2 trusted, new signs",
      "253: 1 trusted, new signs",
    ]);
  });

  test("an operator that was away for a year begins anew", async () => {
    const cluster = aCluster();
    await anAuthority(cluster);

    const authority = await anAuthority(cluster, 400);

    expect(splitPem(authority.trustBundle())).toHaveLength(1);
    expect(isTrusted(await authority.issue(tlsName, onDay(400)), authority.trustBundle())).toBe(true);
  });

  test("a pod of up to seven days trusts whatever any replica serves, whenever the replicas look", async () => {
    // Two replicas by turns, each at least once within the day for which the old authority is kept (A4).
    const looks = fc.array(fc.double({ min: 0.1, max: 0.45, noNaN: true }), { minLength: 40, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(looks, fc.integer({ min: 240, max: 244 }), async (gaps, firstDay) => {
        const cluster = aCluster();
        const replicas = [await aReplica(cluster, firstDay), await aReplica(cluster, firstDay)];
        const podsSince: { readonly day: number; readonly bundle: string }[] = [];
        let day = firstDay;

        for (const gap of gaps) {
          day += gap;
          const [looking, other] = replicas.toReversed();
          replicas.reverse();
          if (looking) podsSince.push({ day, bundle: await looking.look(day) });

          const alive = podsSince.filter((pod) => day - pod.day <= 7);
          for (const replica of [looking, other]) {
            const { authority, notAfter } = replica?.serving() ?? fail();
            expect(alive.every(({ bundle }) => bundle.includes(authority))).toBe(true);
            expect(notAfter.getTime()).toBeGreaterThan(onDay(day).getTime());
          }
        }
      }),
      { numRuns: 6, endOnFailure: true },
    );
  });
});

/** A replica as the gateway keeps one: it looks, and renews its certificate when that is due. */
async function aReplica(cluster: FakeCluster, firstDay: number) {
  const authority = await anAuthority(cluster);
  let serving = await authority.issue(tlsName, onDay(firstDay));
  return {
    serving: () => serving,
    async look(day: number): Promise<string> {
      await authority.refresh(onDay(day));
      if (authority.isDue(serving, onDay(day))) serving = await authority.issue(tlsName, onDay(day));
      return authority.trustBundle();
    },
  };
}

function fail(): never {
  throw new Error("there are two replicas");
}
