// Who is calling: the administrator's token from the kubeconfig, or a ServiceAccount's, which this server signs itself.
//
//   T1. There is no RBAC: whoever is known may do everything. Who is not known may do nothing but ask for health.
//   T2. A ServiceAccount's token is good for this server only if the server is its audience, and no longer than the pod or
//       the account to which it is bound.
import { randomBytes, randomUUID, type webcrypto } from "node:crypto";

import { createLocalJWKSet, exportJWK, generateKeyPair, type JSONWebKeySet, jwtVerify, SignJWT } from "jose";

import type { ObjectRef, TokenOptions } from "./api.ts";
import type { Clock } from "./clock.ts";
import { at, plain, text } from "./json.ts";
import type { Store } from "./store.ts";

export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

const admin: User = { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };
const algorithm = "RS256";

export interface SignedToken {
  readonly token: string;
  readonly expiresAt: Date;
  readonly audiences: readonly string[];
}

export class Tokens {
  /** What the kubeconfig bears. */
  readonly adminToken = randomBytes(24).toString("base64url");
  readonly issuer: string;
  readonly jwks: JSONWebKeySet;
  readonly #key: webcrypto.CryptoKey;
  readonly #kid: string;
  readonly #store: Store;
  readonly #clock: Clock;

  private constructor(key: webcrypto.CryptoKey, jwks: JSONWebKeySet, { store, clock, issuer }: TokensOptions) {
    this.#key = key;
    this.#kid = jwks.keys[0]?.kid ?? "";
    this.jwks = jwks;
    this.#store = store;
    this.#clock = clock;
    this.issuer = issuer;
  }

  static async create(options: TokensOptions): Promise<Tokens> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const kid = randomBytes(16).toString("base64url");
    const key = { ...(await exportJWK(publicKey)), use: "sig", alg: algorithm, kid };
    return new Tokens(privateKey, { keys: [key] }, options);
  }

  /** A token for an account that exists; whoever calls has looked. */
  async sign(
    { namespace = "", name }: ObjectRef,
    { audiences, expirationSeconds = 3600, pod }: TokenOptions,
  ): Promise<SignedToken> {
    const now = Math.floor(this.#clock.now().getTime() / 1000);
    const account = this.#store.get("serviceaccounts", { namespace, name });
    const bound = pod && this.#store.get("pods", { namespace, name: pod.name });
    const nodeName = text(at(bound, "spec", "nodeName"));
    const node = nodeName ? this.#store.get("nodes", { name: nodeName }) : undefined;
    const kubernetes = {
      namespace,
      serviceaccount: { name, uid: account?.metadata.uid },
      ...(pod && { pod: { name: pod.name, uid: pod.uid } }),
      ...(node && { node: { name: nodeName, uid: node.metadata.uid } }),
    };
    const wanted = audiences?.length ? audiences : [this.issuer];
    const token = await new SignJWT({ "kubernetes.io": kubernetes })
      .setProtectedHeader({ alg: algorithm, kid: this.#kid })
      .setIssuer(this.issuer)
      .setAudience([...wanted])
      .setSubject(`system:serviceaccount:${namespace}:${name}`)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + expirationSeconds)
      .setJti(randomUUID())
      .sign(this.#key);
    return { token, expiresAt: new Date((now + expirationSeconds) * 1000), audiences: wanted };
  }

  /** Whose token it is; undefined for one that is not good here and now (T2). */
  async identify(token: string, audiences: readonly string[] = [this.issuer]): Promise<User | undefined> {
    if (token === this.adminToken) return admin;
    try {
      const { payload } = await jwtVerify(token, createLocalJWKSet(this.jwks), {
        issuer: this.issuer,
        audience: [...audiences],
        algorithms: [algorithm],
        currentDate: this.#clock.now(),
      });
      return this.#userOf(text(payload.sub), plain(payload["kubernetes.io"]));
    } catch {
      return undefined; // whatever is wrong with it, the caller learns only that it is no good
    }
  }

  #userOf(username: string, claims: object): User | undefined {
    const namespace = text(at(claims, "namespace"));
    const isAlive = (resource: string, claim: string): boolean => {
      const name = text(at(claims, claim, "name"));
      return name === "" || this.#store.get(resource, { namespace, name })?.metadata.uid === at(claims, claim, "uid");
    };
    if (!isAlive("serviceaccounts", "serviceaccount") || !isAlive("pods", "pod")) return undefined;
    const [podName, podUid] = [text(at(claims, "pod", "name")), text(at(claims, "pod", "uid"))];
    const prefix = "authentication.kubernetes.io";
    return {
      username,
      uid: text(at(claims, "serviceaccount", "uid")),
      groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
      ...(podName && { extra: { [`${prefix}/pod-name`]: [podName], [`${prefix}/pod-uid`]: [podUid] } }),
    };
  }
}

export interface TokensOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** The server's own URL, an https one. */
  readonly issuer: string;
}
