// From a bearer token to the pod that holds it: the signature is checked here, without asking the API server (S53).
//
//   T1. A token that is not bound to a pod proves nothing about an attempt: the missing claim is a 401.
//   T2. While the signing keys cannot be read, or lack the one that is named, the answer is 503 and never 401: the token
//       may be good, and 401 would make its runner give up.
//   T3. A good token is remembered by its hash until it expires. That it is good says nothing about whether its pod is still
//       an attempt's: that is asked at every call, see identity.ts.
//   T4. What cannot be a pod's token is refused before anything is computed or asked for it: one that is too long, not made for
//       us, of no pod, over. Nothing that it says is believed until its signature holds.
import { ProtocolCode, podContract } from "@stint/crds/attempt";
import { sha256Hex } from "@stint/crds/hash";
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import { z } from "zod";

import type { Clock } from "../clock.ts";
import type { SigningKeys } from "../effects/signing-keys.ts";
import { ProtocolRefusal, unavailable } from "./refusal.ts";

/** The pod that a token was made for. */
export interface PodIdentity {
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
  readonly nodeName?: string;
}

/** Asymmetric ones only: with a symmetric algorithm a public key would be a password. */
const algorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];
const toleranceSeconds = 5;
const rememberedTokens = 10_000;
/** Tokens of pods have about 1100 characters; with the longest names and keys that Kubernetes takes, less than 3000. */
const tokenLength = 4096;

const ClaimsSchema = z.object({
  exp: z.number(),
  aud: z.union([z.string(), z.array(z.string())]),
  "kubernetes.io": z.object({
    namespace: z.string().min(1),
    pod: z.object({ name: z.string().min(1), uid: z.string().min(1) }), // T1
    node: z.object({ name: z.string() }).optional(),
  }),
});

interface Remembered {
  readonly pod: PodIdentity;
  readonly expiresAtMs: number;
}

export class TokenVerifier {
  readonly #keys: Pick<SigningKeys, "including">;
  readonly #clock: Pick<Clock, "now">;
  readonly #remembered = new Map<string, Remembered>();

  constructor(keys: Pick<SigningKeys, "including">, clock: Pick<Clock, "now">) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Whose request this is, by its `Authorization` header. Throws a {@link ProtocolRefusal}, 401 or 503. */
  async verify(authorization: string | undefined): Promise<PodIdentity> {
    const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) throw unauthenticated("a bearer token is required");
    if (token.length > tokenLength) throw notOurs(); // T4
    const hash = sha256Hex(token);
    const known = this.#remembered.get(hash);
    if (known && known.expiresAtMs > this.#clock.now().getTime()) return known.pod;

    const claimed = this.#claimsOf(token);
    await this.#verifySignature(token);
    this.#remember(hash, claimed); // T3
    return claimed.pod;
  }

  /** What a token says of itself (T4). */
  #claimsOf(token: string): Remembered {
    const claims = ClaimsSchema.safeParse(readable(() => decodeJwt(token)));
    if (!claims.success) throw unauthenticated("the token is not bound to a pod");
    const { exp, aud, "kubernetes.io": bound } = claims.data;
    if (![aud].flat().includes(podContract.audience)) throw notOurs();
    const expiresAtMs = (exp + toleranceSeconds) * 1000;
    if (expiresAtMs <= this.#clock.now().getTime()) throw unauthenticated("the token has expired");
    const { namespace, pod, node } = bound;
    return {
      pod: { namespace, podName: pod.name, podUid: pod.uid, ...(node && { nodeName: node.name }) },
      expiresAtMs,
    };
  }

  async #verifySignature(token: string): Promise<void> {
    const { kid } = readable(() => decodeProtectedHeader(token));
    if (kid === undefined) throw notOurs();
    const found = await this.#keys.including(kid);
    if (found.kind === "unavailable") throw unavailable(found.why); // T2
    try {
      await jwtVerify(token, found.keys.find, {
        algorithms,
        issuer: found.keys.issuer,
        audience: podContract.audience,
        requiredClaims: ["exp"],
        clockTolerance: toleranceSeconds,
        currentDate: this.#clock.now(),
      });
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthenticated("the token has expired");
      if (error instanceof errors.JOSEError) throw notOurs();
      throw error;
    }
  }

  #remember(hash: string, entry: Remembered): void {
    this.#remembered.delete(hash); // so that it becomes the newest
    this.#remembered.set(hash, entry);
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined && this.#remembered.size > rememberedTokens) this.#remembered.delete(oldest);
  }
}

/** What jose makes of it; what is no token at all is refused like one of somebody else's. */
function readable<T>(decode: () => T): T {
  try {
    return decode();
  } catch {
    throw notOurs();
  }
}

function notOurs(): ProtocolRefusal {
  return unauthenticated("the token is not one of this cluster's for Stint");
}

function unauthenticated(message: string): ProtocolRefusal {
  return new ProtocolRefusal(ProtocolCode.Unauthenticated, message);
}
