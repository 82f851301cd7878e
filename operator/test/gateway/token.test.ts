import { describe, expect, test } from "vitest";

import { type FoundKeys, SigningKeys } from "../../src/effects/signing-keys.ts";
import { taskRuns } from "../../src/effects/resources.ts";
import { TokenVerifier } from "../../src/gateway/token.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { anAttempt, namespace, podUid } from "../builders.ts";
import { GatewayBox, goodKeys } from "./gateway-in-a-box.ts";

test.each([
  { given: "no token", options: undefined },
  { given: "a token that has expired", options: { expiresAt: new Date(Date.now() - 60_000) } },
  { given: "a token for another audience", options: { audience: "https://kubernetes.default.svc" } },
  { given: "a token from another issuer", options: { issuer: "https://elsewhere.example" } },
  { given: "a token that somebody else signed", options: { isForeign: true } },
  { given: "a token that is bound to no pod", options: { isPodless: true } },
])("$given is answered 401", async ({ options }) => {
  await using box = await GatewayBox.open();

  const answer = await box.get("assignment", { token: options && (await box.token(options)) });

  expect(answer).toMatchObject({ status: 401, body: { code: "Unauthenticated" } });
});

test("a token is not taken whose signature is left out", async () => {
  await using box = await GatewayBox.open();
  const [, payload] = (await box.token()).split(".");
  const header = Buffer.from(JSON.stringify({ alg: "none", kid: "key-1" })).toString("base64url");

  const answer = await box.get("assignment", { token: `${header}.${payload}.` });

  expect(answer.status).toBe(401);
});

describe("what cannot be a pod's token is refused before a signature is checked or a key is read (S293)", () => {
  const header = Buffer.from(JSON.stringify({ alg: "ES256", kid: "key-1" })).toString("base64url");

  test.each<{ given: string; token: (box: GatewayBox) => Promise<string> | string }>([
    { given: "of 4097 characters", token: () => "x".repeat(4097) },
    { given: "without parts", token: () => "x" },
    { given: "whose claims are no JSON", token: () => `${header}.x.x` },
    { given: "without a header", token: async (box) => `.${(await box.token()).split(".")[1]}.x` },
    { given: "of no pod", token: (box) => box.token({ isPodless: true }) },
    { given: "for another audience", token: (box) => box.token({ audience: "https://kubernetes.default.svc" }) },
    { given: "that has expired", token: (box) => box.token({ expiresAt: new Date(Date.now() - 60_000) }) },
  ])("a token $given", async ({ token }) => {
    const box = new GatewayBox();
    const { verifier, work } = countingVerifier(box);

    const verified = verifier.verify(`Bearer ${await token(box)}`);

    await expect(verified).rejects.toMatchObject({ status: 401 });
    expect(work).toEqual({ reads: 0, checks: 0 });
  });

  test("and one with an algorithm that we do not take costs no check", async () => {
    const box = new GatewayBox();
    const { verifier, work } = countingVerifier(box);
    const [, payload, signature] = (await box.token()).split(".");
    const hmac = Buffer.from(JSON.stringify({ alg: "HS256", kid: "key-1" })).toString("base64url");

    await expect(verifier.verify(`Bearer ${hmac}.${payload}.${signature}`)).rejects.toMatchObject({ status: 401 });
    expect(work.checks).toBe(0);
  });

  test("but a forged one, which looks good, costs one", async () => {
    const box = new GatewayBox();
    const { verifier, work } = countingVerifier(box);

    await expect(verifier.verify(`Bearer ${await box.token({ isForeign: true })}`)).rejects.toMatchObject({
      status: 401,
    });
    expect(work).toEqual({ reads: 1, checks: 1 });
  });
});

/** Counts what a token costs: keys that were asked for, and signatures that a key was taken for. */
function countingVerifier(box: GatewayBox): { verifier: TokenVerifier; work: { reads: number; checks: number } } {
  const keys = new SigningKeys(goodKeys, box.clock);
  const work = { reads: 0, checks: 0 };
  const including = async (id: string): Promise<FoundKeys> => {
    work.reads += 1;
    const found = await keys.including(id);
    if (found.kind === "unavailable") return found;
    const find: typeof found.keys.find = Object.assign(
      (...asked: Parameters<typeof found.keys.find>) => ((work.checks += 1), found.keys.find(...asked)),
      { jwks: found.keys.find.jwks },
    );
    return { kind: "found", keys: { ...found.keys, find } };
  };
  return { verifier: new TokenVerifier({ including }, box.clock), work };
}

test("a token just expired is taken: clocks differ by some seconds", async () => {
  await using box = await GatewayBox.open();
  const expiresAt = new Date(box.clock.now().getTime() - 3000);

  const answer = await box.get("assignment", { token: await box.token({ expiresAt }) });

  expect(answer.status).toBe(200);
});

test("while the signing keys cannot be read the answer is 503 and not 401 (S53)", async () => {
  let isAway = true;
  await using box = await GatewayBox.open({
    keys: { ...goodKeys, keys: () => (isAway ? Promise.reject(new Error("away")) : goodKeys.keys()) },
  });

  const away = await box.get("assignment");
  isAway = false;
  await box.clock.advance(1000);
  const back = await box.get("assignment");

  expect(away).toMatchObject({ status: 503, body: { code: "Unavailable" } });
  expect(back.status).toBe(200);
});

test("a key id that is not among the signing keys is answered 503 (S53)", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.get("assignment", { token: await box.token({ keyId: "key-2" }) });

  expect(answer).toMatchObject({ status: 503, body: { code: "Unavailable" } });
});

test("nothing of a token stands in an answer or in the log", async () => {
  const lines: string[] = [];
  await using box = await GatewayBox.open({ logger: createLogger("debug", { write: (line) => lines.push(line) }) });
  const tokens = [await box.token(), await box.token({ isForeign: true }), await box.token({ keyId: "key-2" })];
  box.cluster.failNext("get", taskRuns, new Error("a bug of ours"));

  const answers: unknown[] = [];
  for (const token of [...tokens, ...tokens]) answers.push(await box.get("assignment", { token }));

  const said = JSON.stringify(answers) + lines.join("");
  expect(lines.length).toBeGreaterThan(tokens.length);
  expect(tokens.flatMap((token) => token.split(".")).filter((part) => said.includes(part))).toEqual([]);
});

test("a token is checked once, and again when it has expired", async () => {
  const box = new GatewayBox();
  const { verifier, work } = countingVerifier(box);
  const header = `Bearer ${await box.token()}`;

  const identities = [await verifier.verify(header), await verifier.verify(header)];

  expect(work).toEqual({ reads: 1, checks: 1 });
  expect(identities[1]).toEqual({ namespace, podName: anAttempt().podName, podUid: podUid(1), nodeName: "node-1" });

  await box.clock.advance(3_606_000);

  await expect(verifier.verify(header)).rejects.toMatchObject({ status: 401 });
});
