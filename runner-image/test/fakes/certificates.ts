// Certificates for a gateway that lives as long as a test: the few bytes of X.509 that TLS asks for, written by hand.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface Authority {
  /** The CA's own certificate, PEM. */
  readonly ca: string;
  /** A server's key and certificate for the given DNS name, PEM. */
  issue(name: string): { readonly key: string; readonly cert: string };
}

export function anAuthority(name = "stint-test-ca"): Authority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const by = { name, key: keys.privateKey };
  return {
    ca: certificate({ subject: name, publicKey: keys.publicKey, extension: isAuthority }, by),
    issue(server) {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const cert = certificate({ subject: server, publicKey, extension: dnsName(server) }, by);
      return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
    },
  };
}

interface Contents {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extension: Buffer;
}

interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
}

function certificate({ subject, publicKey, extension }: Contents, issuer: Issuer): string {
  const contents = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    commonName(issuer.name),
    sequence(der(0x18, Buffer.from("20200101000000Z")), der(0x18, Buffer.from("21200101000000Z"))),
    commonName(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(extension)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign("sha256", contents, issuer.key)]));
  const text = sequence(contents, ecdsaWithSha256, signature).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${text.replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

const ecdsaWithSha256 = sequence(objectId("2a8648ce3d040302"));
const isAuthority = sequence(
  objectId("551d13"),
  der(0x01, Buffer.of(0xff)),
  der(0x04, sequence(der(0x01, Buffer.of(0xff)))),
);

function dnsName(name: string): Buffer {
  return sequence(objectId("551d11"), der(0x04, sequence(der(0x82, Buffer.from(name)))));
}

function commonName(name: string): Buffer {
  return sequence(der(0x31, sequence(objectId("550403"), der(0x0c, Buffer.from(name)))));
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), value]);
}
