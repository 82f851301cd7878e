import { expect, test } from "vitest";

import { type KeySource, keySource, SigningKeys } from "../../src/effects/signing-keys.ts";
import { FakeClock } from "../fakes/clock.ts";

/** A source whose keys a test replaces, and whose readings it counts. */
class ScriptedSource implements KeySource {
  ids: readonly string[] = ["a"];
  isAway = false;
  readings = 0;

  async issuer(): Promise<string> {
    return "https://issuer.example";
  }

  async keys() {
    this.readings += 1;
    if (this.isAway) throw new Error("connection refused");
    return { keys: this.ids.map((kid) => ({ kty: "EC", kid })) };
  }
}

function scripted() {
  const clock = new FakeClock();
  const source = new ScriptedSource();
  const keys = new SigningKeys(source, clock);
  const kindFor = async (id: string) => (await keys.including(id)).kind;
  return { clock, source, keys, kindFor };
}

test("keys are read once for everybody who asks", async () => {
  const { source, kindFor } = scripted();

  const kinds = await Promise.all(Array.from({ length: 20 }, () => kindFor("a")));

  expect(new Set(kinds)).toEqual(new Set(["found"]));
  expect(source.readings).toBe(1);
});

test("a rotated key is found by the first token that names it", async () => {
  const { clock, source, kindFor } = scripted();
  await kindFor("a");
  source.ids = ["a", "b"];
  await clock.advance(30_000);

  expect(await kindFor("b")).toBe("found");
  expect(source.readings).toBe(2);
});

test("invented key ids ask the API server every 30 s at most", async () => {
  const { clock, source, kindFor } = scripted();

  for (let second = 0; second < 60; second++) {
    expect(await kindFor(`invented-${second}`)).toBe("unavailable");
    await clock.advance(1000);
  }

  expect(source.readings).toBe(2);
});

test("a reading that failed is repeated after a second", async () => {
  const { clock, source, keys, kindFor } = scripted();
  source.isAway = true;
  const away = await keys.including("a");
  source.isAway = false;

  const tooSoon = await kindFor("a");
  await clock.advance(1000);
  const later = await kindFor("a");

  expect(away).toMatchObject({ kind: "unavailable", why: expect.stringContaining("connection refused") });
  expect([tooSoon, later]).toEqual(["unavailable", "found"]);
});

test("keys are read again after ten minutes, and nobody waits for it", async () => {
  const { clock, source, kindFor } = scripted();
  await kindFor("a");
  await clock.advance(600_000);
  source.ids = ["b"];

  const meanwhile = await kindFor("a");
  await clock.advance(0);
  const afterwards = await kindFor("a");

  expect([meanwhile, afterwards]).toEqual(["found", "unavailable"]);
});

test("while the API server is away the last good keys serve on", async () => {
  const { clock, source, kindFor } = scripted();
  await kindFor("a");
  source.isAway = true;

  for (let hour = 0; hour < 5; hour++) {
    await clock.advance(3_600_000);
    expect(await kindFor("a")).toBe("found");
  }
});

test("the source reads the two documents of the API server", async () => {
  const documents = new Map<string, object>([
    ["/.well-known/openid-configuration", { issuer: "https://issuer.example", jwks_uri: "https://10.0.0.1/jwks" }],
    ["/openid/v1/jwks", { keys: [{ kty: "RSA", kid: "a", n: "AQAB", e: "AQAB" }] }],
  ]);
  const source = keySource({
    send: async ({ path }) => ({ status: 200, headers: {}, text: JSON.stringify(documents.get(path)) }),
  });

  expect(await source.issuer()).toBe("https://issuer.example");
  expect(await source.keys()).toEqual({ keys: [{ kty: "RSA", kid: "a", n: "AQAB", e: "AQAB" }] });
});

test("a server whose issuer is not an https URL has no such documents", async () => {
  const source = keySource({ send: async () => ({ status: 404, headers: {}, text: "404 page not found" }) });

  await expect(source.keys()).rejects.toThrow("get /openid/v1/jwks: the API server answered 404");
});
