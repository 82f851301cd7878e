// The gateway's own certificate authority. It is kept in one Secret of the operator's namespace; each replica signs a
// serving certificate for itself, whose key never leaves its memory.
//
//   A1. The Secret holds certificates and keys, the oldest first, and no further state: which one signs, which is new and
//       which is over follows from when each was made. So a crash between two writes leaves nothing half done.
//   A2. A new authority is made once two thirds of the newest one's life are over. From then on pods are given both.
//   A3. It signs only when it is 8 days old (S294). A pod's environment never changes while the pod lives, so a pod older
//       than the authority could not verify what it signed; all pods that trust the old one alone have ended by then.
//   A4. The old one is kept a day longer, until every replica has read the Secret again and signs with the new one.
//   A5. Replicas race for the Secret by create and by resourceVersion; the loser reads what the winner wrote.
//   A6. What a person put into the Secret is never overwritten: unreadable content is refused, an empty Secret is filled.
//   A7. A Secret that people keep themselves is only read. They renew by A1 to A4: the new authority is appended, and the old
//       one stays for 9 days.
import { isApiError, RefusedError } from "../errors.ts";
import type { Cluster } from "./cluster.ts";
import { secrets, type Secret } from "./resources.ts";
import {
  isAuthority,
  issueCertificate,
  makeAuthority,
  splitPem,
  validityOf,
  type Credentials,
  type Validity,
} from "./x509.ts";

/** The Secret that the operator makes. */
export const authoritySecret = "stint-gateway-ca";

const dayMs = 86_400_000;
const authorityLifeMs = 365 * dayMs;
const distributionMs = 8 * dayMs;
const lagMs = dayMs;
const servingLifeMs = 4 * dayMs;
/** Nodes' clocks differ: what was made a moment ago must be valid on all of them. */
const backdatedMs = 10 * 60_000;

/** The Secret's members: certificates in the one, their keys in the same order in the other. */
const certificatesMember = "ca.crt";
const keysMember = "ca.key";

interface Authority extends Credentials, Validity {}

export interface ServingCertificate extends Credentials, Validity {
  /** The authority that signed it, in PEM. */
  readonly authority: string;
}

/**
 * What pods trust, and what this replica serves with.
 *
 * Holds the Secret as it was last read. {@link CertificateAuthority.refresh} has to be called about once an hour; between
 * two calls, and while the API server is away, the last good state serves on.
 */
export class CertificateAuthority {
  readonly #cluster: Cluster;
  readonly #namespace: string;
  readonly #givenSecret: string | undefined;
  #authorities: readonly Authority[] = [];

  /** `givenSecret` is the name of one that people keep (A7); without it the operator keeps its own. */
  constructor(cluster: Cluster, namespace: string, givenSecret?: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
    this.#givenSecret = givenSecret;
  }

  /**
   * Reads the Secret, and writes it if an authority is to be made or to go.
   *
   * Throws ApiError when the API server says no, and RefusedError when the Secret holds what cannot be read; if people keep
   * it, when there is none or nothing in it too.
   */
  async refresh(now: Date): Promise<void> {
    for (;;) {
      const secret = await this.#read();
      const kept = secret ? authoritiesIn(secret) : [];
      if (this.#givenSecret !== undefined) {
        if (kept.length === 0) throw unreadable(this.#givenSecret); // A7
        this.#authorities = kept;
        return;
      }
      const desired = await desiredAuthorities(kept, now);
      if (desired === kept || (await this.#write(secret, desired))) {
        this.#authorities = desired;
        return;
      }
    }
  }

  /** PEM of every authority that a new pod is to trust. Empty before the first refresh. */
  trustBundle(): string {
    return this.#authorities.map(({ certificate }) => certificate).join("");
  }

  /** A new serving certificate for one DNS name, valid for 4 days at most. */
  async issue(dnsName: string, now: Date): Promise<ServingCertificate> {
    const authority = signingAuthority(this.#authorities, now);
    if (!authority) throw new RefusedError("issue certificate: no authority is valid", { reason: "NoAuthority" });
    const notAfter = new Date(Math.min(now.getTime() + servingLifeMs, authority.notAfter.getTime()));
    const validity = { notBefore: before(now, backdatedMs), notAfter };
    const issued = await issueCertificate(authority, dnsName, validity);
    return { ...issued, ...validity, authority: authority.certificate };
  }

  /** Whether a serving certificate is to be replaced: half of its life is over, or another authority signs now. */
  isDue(serving: ServingCertificate, now: Date): boolean {
    const halfTime = (serving.notBefore.getTime() + serving.notAfter.getTime()) / 2;
    return now.getTime() >= halfTime || serving.authority !== signingAuthority(this.#authorities, now)?.certificate;
  }

  async #read(): Promise<Secret | undefined> {
    try {
      return await this.#cluster.get(secrets, {
        namespace: this.#namespace,
        name: this.#givenSecret ?? authoritySecret,
      });
    } catch (error) {
      if (isApiError(error, "notFound")) return undefined;
      throw error;
    }
  }

  /** False if another replica was faster. */
  async #write(secret: Secret | undefined, authorities: readonly Authority[]): Promise<boolean> {
    const data = {
      [certificatesMember]: base64(authorities.map(({ certificate }) => certificate).join("")),
      [keysMember]: base64(authorities.map(({ key }) => key).join("")),
    };
    try {
      if (secret) await this.#cluster.replace(secrets, { ...secret, data: { ...secret.data, ...data } });
      else await this.#cluster.create(secrets, this.#namespace, { metadata: { name: authoritySecret }, data });
      return true;
    } catch (error) {
      if (isApiError(error, "conflict", "alreadyExists", "notFound")) return false; // A5
      throw error;
    }
  }
}

/** The same list if nothing is to change (A2, A4). */
async function desiredAuthorities(kept: readonly Authority[], now: Date): Promise<readonly Authority[]> {
  const desired = kept.filter((authority, index) => !isOver(authority, kept.slice(index + 1), now));
  const newest = desired.at(-1);
  if (newest && now.getTime() < newest.notBefore.getTime() + (authorityLifeMs * 2) / 3) {
    return desired.length === kept.length ? kept : desired;
  }
  const validity = { notBefore: before(now, backdatedMs), notAfter: new Date(now.getTime() + authorityLifeMs) };
  // Each has a name of its own, so that a verifier which knows two looks for the signature under the right one.
  const made = await makeAuthority(`${authoritySecret}-${now.getTime()}`, validity);
  return [...desired, { ...made, ...validityOf(made.certificate) }];
}

/** An authority is over when it has expired, or when a newer one has been signing for a day (A4). */
function isOver(authority: Authority, newer: readonly Authority[], now: Date): boolean {
  const signingSince = (one: Authority) => one.notBefore.getTime() + distributionMs;
  return authority.notAfter <= now || newer.some((one) => signingSince(one) + lagMs <= now.getTime());
}

/** The newest authority that every living pod trusts; without one the oldest, which most of them do (A3). */
function signingAuthority(authorities: readonly Authority[], now: Date): Authority | undefined {
  const valid = authorities.filter(({ notAfter }) => notAfter > now);
  return valid.findLast(({ notBefore }) => notBefore.getTime() + distributionMs <= now.getTime()) ?? valid[0];
}

function authoritiesIn(secret: Secret): readonly Authority[] {
  const certificates = splitPem(fromBase64(secret.data?.[certificatesMember]));
  const keys = splitPem(fromBase64(secret.data?.[keysMember]));
  const isEmpty = Object.keys(secret.data ?? {}).length === 0;
  const { name } = secret.metadata;
  if (certificates.length !== keys.length || (certificates.length === 0 && !isEmpty)) throw unreadable(name);
  return certificates.map((certificate, index) => authorityFrom({ certificate, key: keys[index] ?? "" }, name));
}

function authorityFrom(credentials: Credentials, secretName: string): Authority {
  try {
    if (isAuthority(credentials)) return { ...credentials, ...validityOf(credentials.certificate) };
  } catch (cause) {
    throw unreadable(secretName, cause);
  }
  throw unreadable(secretName);
}

/** A6, A7. */
function unreadable(secretName: string, cause?: unknown): RefusedError {
  const wrong = `${certificatesMember} and ${keysMember} do not hold an authority each, a certificate and its P-256 key in PEM`;
  const message = `read secret ${secretName}: ${wrong}; one that the operator has made can be deleted: it makes another`;
  return new RefusedError(message, { reason: "InvalidAuthority", cause });
}

function before(instant: Date, ms: number): Date {
  return new Date(instant.getTime() - ms);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function fromBase64(text: string | undefined): string {
  return Buffer.from(text ?? "", "base64").toString();
}
