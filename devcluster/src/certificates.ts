// The authority that vouches for this server, made anew at each start.
import "reflect-metadata"; // before the library below, whose container of parts refuses to load without it
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

export interface ServerCertificate {
  /** PEM, for whoever has to trust the server. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" };
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };
const lifeMs = 365 * 24 * 3_600_000;

/** A server's certificate for these host names and addresses, and the authority that signed it. */
export async function issueServerCertificate(hosts: readonly string[], now: Date): Promise<ServerCertificate> {
  const validity = { notBefore: new Date(now.getTime() - 60_000), notAfter: new Date(now.getTime() + lifeMs) };
  const authorityKeys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ["devcluster-ca"] }],
    keys: authorityKeys,
    signingAlgorithm,
    ...validity,
    extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  });
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: ["devcluster"] }],
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm,
    ...validity,
    extensions: [
      new SubjectAlternativeNameExtension(hosts.map((value) => ({ type: isAddress(value) ? "ip" : "dns", value }))),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    ],
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { authority: authority.toString("pem"), certificate: certificate.toString("pem"), key };
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(":");
}
