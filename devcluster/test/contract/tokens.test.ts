// ServiceAccount tokens: what is in them, who checks them, and what they open.
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";

import type { Body } from "./kit/client.ts";
import { eventually, useCluster } from "./kit/cluster.ts";
import { aPod } from "./kit/objects.ts";

const cluster = useCluster();

async function tokenFor(spec: object): Promise<{ status: number; body: Body; token: string }> {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
  const answer = await cluster.client.post(`${cluster.core("serviceaccounts")}/default/token`, body);
  return { status: answer.status, body: answer.body, token: answer.body.status?.token ?? "" };
}

async function review(token: string, audiences: readonly string[]): Promise<Body> {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token, audiences } };
  return (await cluster.client.post("/apis/authentication.k8s.io/v1/tokenreviews", body)).body.status;
}

describe("a token", () => {
  test("bound to a pod names namespace, account and pod", async () => {
    const { body: pod } = await cluster.client.post(cluster.core("pods"), aPod());
    const { name, uid } = pod.metadata;

    const { status, body, token } = await tokenFor({
      audiences: ["there"],
      boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
    });

    const claims = decodeJwt(token);
    expect(status).toBe(201);
    expect(body.status.expirationTimestamp).toBeDefined();
    expect(claims.aud).toEqual(["there"]);
    expect(claims.sub).toBe(`system:serviceaccount:${cluster.namespace}:default`);
    expect(claims["kubernetes.io"]).toMatchObject({
      namespace: cluster.namespace,
      serviceaccount: { name: "default" },
      pod: { name, uid },
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(3600);
  });

  test("is verified by the published keys, under the published issuer", async () => {
    const { token } = await tokenFor({ audiences: ["there"] });

    const { body: discovery } = await cluster.client.get("/.well-known/openid-configuration");
    const { body: keys } = await cluster.client.get("/openid/v1/jwks", { accept: "application/jwk-set+json" });
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer: discovery.issuer,
      audience: "there",
      algorithms: ["RS256"],
    });

    expect(payload.sub).toContain(cluster.namespace);
    expect(discovery.issuer).toMatch(/^https:\/\//);
  });

  test("is reviewed against the audiences that are asked for", async () => {
    const { token } = await tokenFor({ audiences: ["there"] });

    const [right, wrong, none] = [
      await review(token, ["there"]),
      await review(token, ["elsewhere"]),
      await review("nonsense", ["there"]),
    ];

    expect(right).toMatchObject({
      authenticated: true,
      audiences: ["there"],
      user: { username: `system:serviceaccount:${cluster.namespace}:default` },
    });
    expect(wrong.authenticated ?? false).toBe(false);
    expect(none.authenticated ?? false).toBe(false);
  });

  test("bound to a pod is no good once the pod is gone", async () => {
    const { body: pod } = await cluster.client.post(cluster.core("pods"), aPod());
    const { name, uid } = pod.metadata;
    const { token } = await tokenFor({
      audiences: ["there"],
      boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
    });

    const before = await review(token, ["there"]);
    await cluster.client.delete(`${cluster.core("pods")}/${name}`);
    const after = await eventually(
      () => review(token, ["there"]), // a cluster remembers its last answer for some seconds
      ({ authenticated }) => authenticated !== true,
    );

    expect(before.authenticated).toBe(true);
    expect(after.authenticated ?? false).toBe(false);
  });

  test("for another audience does not open the API server; one for it does", async () => {
    const { token: foreign } = await tokenFor({ audiences: ["there"] });
    const { token: own } = await tokenFor({});

    const refused = await cluster.client.get("/apis", { token: foreign });
    const taken = await cluster.client.get("/apis", { token: own });

    expect(refused.status).toBe(401);
    expect(taken.status).toBe(200);
  });

  test("of an account that is not there is a 404, for a pod of another uid a 409", async () => {
    const { body: pod } = await cluster.client.post(cluster.core("pods"), aPod());

    const nobody = await cluster.client.post(`${cluster.core("serviceaccounts")}/nobody/token`, { spec: {} });
    const other = await tokenFor({
      boundObjectRef: { apiVersion: "v1", kind: "Pod", name: pod.metadata.name, uid: "other" },
    });

    expect(nobody.status).toBe(404);
    expect(other.status).toBe(409);
  });
});
