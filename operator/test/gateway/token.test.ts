import { expect, test } from "vitest";

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
  const keys = new SigningKeys(goodKeys, box.clock);
  let checks = 0;
  const counting = { including: (id: string): Promise<FoundKeys> => ((checks += 1), keys.including(id)) };
  const verifier = new TokenVerifier(counting, box.clock);
  const header = `Bearer ${await box.token()}`;

  const identities = [await verifier.verify(header), await verifier.verify(header)];

  expect(checks).toBe(1);
  expect(identities[1]).toEqual({ namespace, podName: anAttempt().podName, podUid: podUid(1), nodeName: "node-1" });

  await box.clock.advance(3_606_000);

  await expect(verifier.verify(header)).rejects.toMatchObject({ status: 401 });
});
