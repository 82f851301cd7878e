// The public keys with which the cluster signs the tokens of its pods, and the issuer that it names in them.
//
//   J1. They come from the API server by our own connection: the address in its discovery document may be an outside one.
//   J2. A token whose key id is unknown asks for them again, at most every 30 s: keys are rotated, and anyone can invent an
//       id. After a reading that failed, at most every second.
//   J3. They are read again once they are 10 minutes old, beside the request that found them so.
//   J4. While they cannot be read the last good set serves on. A key id that is not in it is no proof of a bad token.
import { createLocalJWKSet, type JSONWebKeySet, type LocalJWKSet } from "jose";
import { z } from "zod";

import type { Timekeeper } from "./timekeeper.ts";
import type { Transport } from "./transport.ts";

export interface KeySource {
  issuer(): Promise<string>;
  keys(): Promise<JSONWebKeySet>;
}

export interface KeySet {
  readonly issuer: string;
  readonly keyIds: ReadonlySet<string>;
  /** Finds the key to a token's header, as jose's `jwtVerify` asks for it. */
  readonly find: LocalJWKSet;
}

/** Keys with the one that was asked for among them, or why there are none. */
export type FoundKeys =
  | { readonly kind: "found"; readonly keys: KeySet }
  | { readonly kind: "unavailable"; readonly why: string };

const staleAfterMs = 600_000;
const askAgainAfterMs = { success: 30_000, failure: 1000 };

const DiscoverySchema = z.object({ issuer: z.string().min(1) });
const KeySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** The two documents that every API server with an https issuer serves. */
export function keySource(transport: Pick<Transport, "send">): KeySource {
  const get = async (path: string, accept = "application/json"): Promise<unknown> => {
    const { status, text } = await transport.send({ method: "GET", path, accept });
    if (status !== 200) throw new Error(`get ${path}: the API server answered ${status}`);
    return JSON.parse(text);
  };
  return {
    issuer: async () => DiscoverySchema.parse(await get("/.well-known/openid-configuration")).issuer,
    keys: async () => KeySetSchema.parse(await get("/openid/v1/jwks", "application/jwk-set+json")),
  };
}

/** The cluster's signing keys, read when they are first needed and kept fresh by use. */
export class SigningKeys {
  readonly #source: KeySource;
  readonly #time: Pick<Timekeeper, "monotonicMs">;
  #kept: KeySet | undefined;
  #staleAtMs = -Infinity;
  #askAgainAtMs = -Infinity;
  #reading: Promise<void> | undefined;
  #why = "not read yet";

  constructor(source: KeySource, time: Pick<Timekeeper, "monotonicMs">) {
    this.#source = source;
    this.#time = time;
  }

  /** The keys, once this key id is among them. Never throws. */
  async including(keyId: string): Promise<FoundKeys> {
    if (!this.#kept?.keyIds.has(keyId)) {
      await this.#ask(); // J2
    } else if (this.#time.monotonicMs() >= this.#staleAtMs) {
      void this.#ask(); // J3: it never rejects, and nobody waits for it
    }
    const keys = this.#kept;
    if (keys?.keyIds.has(keyId)) return { kind: "found", keys };
    return {
      kind: "unavailable",
      why: keys ? "the token's key id is not among the cluster's signing keys" : this.#why,
    };
  }

  /** One reading at a time, whoever asks; too soon after the last one there is none. */
  #ask(): Promise<void> {
    if (this.#reading) return this.#reading;
    if (this.#time.monotonicMs() < this.#askAgainAtMs) return Promise.resolve();
    this.#reading = this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      const [issuer, { keys }] = await Promise.all([this.#source.issuer(), this.#source.keys()]);
      const keyIds = new Set(keys.map(({ kid }) => kid).filter((kid) => kid !== undefined));
      this.#kept = { issuer, keyIds, find: createLocalJWKSet({ keys }) };
      this.#staleAtMs = this.#time.monotonicMs() + staleAfterMs;
      this.#askAgainAtMs = this.#time.monotonicMs() + askAgainAfterMs.success;
    } catch (error) {
      this.#why = `the cluster's signing keys could not be read: ${String(error)}`; // J4
      this.#askAgainAtMs = this.#time.monotonicMs() + askAgainAfterMs.failure;
    }
  }
}
