// The certificates themselves: made, signed and read. Whose they are, where they are kept and when they are renewed is
// the business of certificates.ts.
import { createPrivateKey, X509Certificate as NodeCertificate, type webcrypto } from "node:crypto";

import "reflect-metadata"; // before the library below, whose container of parts refuses to load without it
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate and the private key to it, both in PEM. */
export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" };
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };

/** A certificate authority that may sign servers and nothing else, and that vouches for itself. */
export async function makeAuthority(commonName: string, validity: Validity): Promise<Credentials> {
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm,
    ...validity,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: toPem(certificate), key: await keyToPem(keys.privateKey) };
}

/** A server's certificate for one DNS name, under an authority that {@link makeAuthority} made. */
export async function issueCertificate(
  authority: Credentials,
  dnsName: string,
  validity: Validity,
): Promise<Credentials> {
  const issuer = new X509Certificate(authority.certificate);
  const signingKey = await keyFromPem(authority.key);
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    // The name stands in the extension, where clients look for it; a common name ends at 64 characters.
    subject: [{ O: ["stint"] }],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm,
    ...validity,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([{ type: "dns", value: dnsName }]),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificate: toPem(certificate), key: await keyToPem(keys.privateKey) };
}

/** From when to when a certificate is valid. Throws on what is no certificate in PEM. */
export function validityOf(certificate: string): Validity {
  const { notBefore, notAfter } = new X509Certificate(certificate);
  return { notBefore, notAfter };
}

/** Whether the certificate is an authority's and the key is its own, of the kind that we sign with. Throws on what is no PEM. */
export function isAuthority({ certificate, key }: Credentials): boolean {
  const authority = new NodeCertificate(certificate);
  const privateKey = createPrivateKey(key);
  const isOurKind = privateKey.asymmetricKeyDetails?.namedCurve === "prime256v1"; // OpenSSL's name of P-256
  return authority.ca && isOurKind && authority.checkPrivateKey(privateKey);
}

/** The parts of a PEM file, each with its frame. */
export function splitPem(text: string): readonly string[] {
  return text.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----\n?/g) ?? [];
}

function toPem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function keyToPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), PemConverter.PrivateKeyTag)}\n`;
}

/** Whatever frame a person's tool has put around it: PKCS #8 or SEC 1. */
function keyFromPem(pem: string): Promise<webcrypto.CryptoKey> {
  const pkcs8 = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return crypto.subtle.importKey("pkcs8", pkcs8, keyAlgorithm, false, ["sign"]);
}
