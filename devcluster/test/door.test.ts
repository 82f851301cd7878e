// One port for TLS and for plain HTTP, and a token for both.
import { once } from "node:events";
import { connect } from "node:net";
import { request } from "node:https";

import { describe, expect, test } from "vitest";

import { startDevcluster } from "../src/index.ts";
import { started } from "./started.ts";

const maps = "/api/v1/namespaces/default/configmaps";

describe("plain HTTP", () => {
  test("is answered to whoever has the token of the kubeconfig", async () => {
    const { cluster } = await started();
    const { url, token } = cluster.access;

    const answer = await fetch(plain(url) + maps, { headers: { authorization: `Bearer ${token}` } });

    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ kind: "ConfigMapList" });
  });

  test.each([
    { given: "nobody", headers: {} },
    { given: "a page that a browser shows", headers: { origin: "https://example.com" } },
    { given: "a made-up token", headers: { authorization: "Bearer me" } },
  ])("is refused to $given, for writes too", async ({ headers }) => {
    const { cluster } = await started();
    const body = JSON.stringify({ metadata: { name: "a" } });

    const read = await fetch(plain(cluster.url) + maps, { headers });
    const write = await fetch(plain(cluster.url) + maps, { method: "POST", headers, body });

    expect([read.status, write.status]).toEqual([401, 401]);
    expect(cluster.api.get("configmaps", { namespace: "default", name: "a" })).toBeUndefined();
  });
});

test("TLS is spoken on the same port", async () => {
  const { cluster } = await started();
  const { url, token, authority } = cluster.access;

  const call = request(url + maps, { ca: authority, headers: { authorization: `Bearer ${token}` }, agent: false });
  call.end();
  const [answer] = (await once(call, "response")) as [{ readonly statusCode: number; resume(): void }];
  answer.resume();

  expect(answer.statusCode).toBe(200);
});

test("closing does not wait for those who have connected and said nothing", async () => {
  const cluster = await startDevcluster({ nodes: false });
  const silent = connect(Number(new URL(cluster.url).port), "127.0.0.1");
  await once(silent, "connect");
  const closed = once(silent, "close");

  await cluster.close();

  await expect(closed).resolves.toHaveLength(1);
});

function plain(url: string): string {
  return url.replace("https:", "http:");
}
