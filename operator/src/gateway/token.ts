// From a bearer token to the pod that holds it: the signature is checked here, without asking the API server (S53).
//
//   T1. A token that is not bound to a pod proves nothing about an attempt: the missing claim is a 401.
//   T2. While the signing keys cannot be read, or lack the one that is named, the answer is 503 and never 401: the token
//       may be good, and 401 would make its runner give up.
//   T3. A good token is remembered by its hash until it expires. That it is good says nothing about whether its pod is still
//       an attempt's: that is asked at every call, see identity.ts.
import { ProtocolCode, podContract } from "@stint/crds/attempt";
import { sha256Hex } from "@stint/crds/hash";
import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from "jose";
import { z } from "zod";

import type { Clock } from "../clock.ts";
import type { KeySet, SigningKeys } from "../effects/signing-keys.ts";
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

const ClaimsSchema = z.object({
  exp: z.number(),
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
    const hash = sha256Hex(token);
    const known = this.#remembered.get(hash);
    if (known && known.expiresAtMs > this.#clock.now().getTime()) return known.pod;

    const { pod, expiresAtMs } = await this.#verify(token);
    this.#remember(hash, { pod, expiresAtMs }); // T3
    return pod;
  }

  async #verify(token: string): Promise<Remembered> {
    const found = await this.#keys.including(keyIdOf(token));
    if (found.kind === "unavailable") throw unavailable(found.why); // T2
    const claims = ClaimsSchema.safeParse(await this.#payloadOf(token, found.keys));
    if (!claims.success) throw unauthenticated("the token is not bound to a pod");
    const { namespace, pod, node } = claims.data["kubernetes.io"];
    return {
      pod: { namespace, podName: pod.name, podUid: pod.uid, ...(node && { nodeName: node.name }) },
      expiresAtMs: (claims.data.exp + toleranceSeconds) * 1000,
    };
  }

  async #payloadOf(token: string, { issuer, find }: KeySet): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, find, {
        algorithms,
        issuer,
        audience: podContract.audience,
        requiredClaims: ["exp"],
        clockTolerance: toleranceSeconds,
        currentDate: this.#clock.now(),
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthenticated("the token has expired");
      if (error instanceof errors.JOSEError) throw unauthenticated("the token is not one of this cluster's for Stint");
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

function keyIdOf(token: string): string {
  try {
    const { kid } = decodeProtectedHeader(token);
    if (kid !== undefined) return kid;
  } catch {
    // No header at all: the same answer.
  }
  throw unauthenticated("the token is not one of this cluster's for Stint");
}

function unauthenticated(message: string): ProtocolRefusal {
  return new ProtocolRefusal(ProtocolCode.Unauthenticated, message);
}
