// Keeps the certificate that this replica serves with valid, and its view of the authorities fresh, without a restart.
import type { Clock } from "../clock.ts";
import type { CertificateAuthority, ServingCertificate } from "../effects/certificates.ts";
import type { Logger } from "../telemetry/logger.ts";

const lookAgainMs = 3_600_000;

export interface ServingOptions {
  readonly authority: CertificateAuthority;
  /** The DNS name in the certificate. */
  readonly tlsName: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Looks every hour whether the certificate is due, and hands each new one to `use`. Resolves when the signal is aborted.
 *
 * A look that fails is logged and costs nothing: there are days of other looks before the certificate expires.
 */
export async function keepServing(
  first: ServingCertificate,
  use: (certificate: ServingCertificate) => void,
  options: ServingOptions,
  signal: AbortSignal,
): Promise<void> {
  let serving = first;
  while (await isHourOver(options.clock, signal)) {
    const renewed = await renew(serving, options);
    if (renewed !== serving) use(renewed);
    serving = renewed;
  }
}

/** The same certificate, if it is not due or no other can be had. */
async function renew(
  serving: ServingCertificate,
  { authority, tlsName, clock, logger }: ServingOptions,
): Promise<ServingCertificate> {
  try {
    await authority.refresh(clock.now());
  } catch (error) {
    logger.warn({ error }, "certificate authority not refreshed"); // what is known of it still signs
  }
  if (!authority.isDue(serving, clock.now())) return serving;
  try {
    const renewed = await authority.issue(tlsName, clock.now());
    logger.info({ notAfter: renewed.notAfter }, "serving certificate renewed");
    return renewed;
  } catch (error) {
    logger.error({ error }, "serving certificate not renewed");
    return serving;
  }
}

async function isHourOver(clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(lookAgainMs, signal);
    return true;
  } catch {
    return false; // the gateway closes: sleep rejects for no other reason
  }
}
