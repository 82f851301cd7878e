// HTTPS for runners, in the operator's process, on every replica.
//
//   W1. Who asks is settled before a body is read: six megabytes from nobody are never parsed.
//   W2. Whatever goes wrong leaves as a code and a sentence (refusal.ts); the rest goes to the log, which sees no header.
//   W3. Nobody holds a connection by being slow: each step of a request has its time (Patience).
//   W4. Closing answers the polls in flight at once and turns new requests away with 503: runners go to another replica.
import { attemptPath, ProtocolCode } from "@stint/crds/attempt";
import { limits } from "@stint/crds/limits";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";

import type { CertificateAuthority, ServingCertificate } from "../effects/certificates.ts";
import type { SigningKeys } from "../effects/signing-keys.ts";
import { isApiError } from "../errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { GatewayDeps } from "./deps.ts";
import { ProtocolRefusal, toRefusal } from "./refusal.ts";
import { type Route, routes } from "./routes.ts";
import { keepServing } from "./serving.ts";
import { type PodIdentity, TokenVerifier } from "./token.ts";

export interface GatewayOptions extends GatewayDeps {
  readonly signingKeys: Pick<SigningKeys, "including">;
  readonly authority: CertificateAuthority;
  /** The name in the certificate: `stint-gateway.<namespace>.svc`. */
  readonly tlsName: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly patience: Patience;
  readonly metrics: Pick<Metrics, "gatewayRequests" | "gatewayReportSeconds">;
}

export interface Gateway {
  readonly port: number;
  /** Lets requests in flight finish; when the signal is aborted, whatever is left is cut off. */
  close(signal: AbortSignal): Promise<void>;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks: set before anything else is done. */
    pod: PodIdentity | undefined;
    /** By the gateway's own clock. */
    receivedAtMs: number;
  }
}

type App = FastifyInstance<Server>;

/** How long a caller may take before its connection is cut (W3). How long an answer takes is our own affair. */
export interface Patience {
  /** For TLS's handshake. */
  readonly handshakeMs: number;
  /** From the connection, or the first byte of a request, to the end of its headers. */
  readonly headersMs: number;
  /** From its first byte to the end of its body. */
  readonly requestMs: number;
  /** How often it is looked who is late. */
  readonly lookMs: number;
}

/** A request is small or fast; a pod that shares a tenth of a core is neither at once. */
export const patience: Patience = { handshakeMs: 30_000, headersMs: 30_000, requestMs: 60_000, lookMs: 5000 };

const minVersion = "TLSv1.2";

/** Opens the gateway. Throws what {@link CertificateAuthority.refresh} throws, or if it cannot listen. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { authority, tlsName, clock, host, port } = options;
  const closing = new AbortController();
  await authority.refresh(clock.now());
  const certificate = await authority.issue(tlsName, clock.now());
  const app = createApp(certificate, options, closing.signal);
  await app.listen({ host, port });
  const use = ({ key, certificate: cert }: ServingCertificate) =>
    app.server.setSecureContext({ key, cert, minVersion });
  const renewing = keepServing(certificate, use, options, closing.signal);
  return {
    port: (app.server.address() as AddressInfo).port, // it listens on a port, not on a pipe
    async close(signal) {
      closing.abort(); // W4
      const closed = Promise.all([app.close(), renewing]);
      const cutOff = () => app.server.closeAllConnections();
      signal.addEventListener("abort", cutOff, { once: true });
      if (signal.aborted) cutOff();
      await closed;
      signal.removeEventListener("abort", cutOff);
    },
  };
}

function createApp({ key, certificate }: ServingCertificate, options: GatewayOptions, closing: AbortSignal): App {
  const { handshakeMs, headersMs, requestMs, lookMs } = options.patience;
  const app = fastify({
    https: {
      key,
      cert: certificate,
      minVersion,
      handshakeTimeout: handshakeMs,
      headersTimeout: headersMs,
      connectionsCheckingInterval: lookMs,
    },
    bodyLimit: limits.requestBytes,
    // Of a key of the tree's cache, in UTF-8 and percent-encoded.
    routerOptions: { maxParamLength: limits.cacheKeyLength * 12 },
    requestTimeout: requestMs,
    // Users may call their members as they like: nothing of a body is ever merged into an object of ours.
    onProtoPoisoning: "ignore",
    onConstructorPoisoning: "ignore",
  });
  const verifier = new TokenVerifier(options.signingKeys, options.clock);
  app.decorateRequest("pod", undefined);
  app.decorateRequest("receivedAtMs", 0);
  app.addHook("onRequest", async (request) => {
    request.receivedAtMs = options.clock.monotonicMs();
    request.pod = await verifier.verify(request.headers.authorization); // W1
  });
  app.addHook("onSend", async (request, reply) => observeAnswer(request, reply, options));
  app.setErrorHandler((error, request, reply) => refuse(error, { request, reply, logger: options.logger })); // W2
  app.setNotFoundHandler(() => {
    throw new ProtocolRefusal(ProtocolCode.NotFound, "there is no such endpoint");
  });
  for (const route of routes) serve(route, app, options, closing);
  return app;
}

function serve({ method, path, answer }: Route, app: App, options: GatewayOptions, closing: AbortSignal): void {
  app.route<{ Params: { name?: string } }>({
    method,
    url: `${attemptPath}/${path}`,
    async handler(request, reply) {
      const left = new AbortController();
      reply.raw.once("close", () => left.abort()); // after a finished answer as well, when nobody listens any more
      const { pod, body, params } = request;
      if (!pod) throw new ProtocolRefusal(ProtocolCode.Unauthenticated, "a bearer token is required");
      return answer({ pod, body, params, signals: { left: left.signal, closing } }, options);
    },
  });
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly logger: Logger;
}

function refuse(error: unknown, { request, reply, logger }: Exchange): void {
  const refusal = refusalOfBody(error, request) ?? toRefusal(error);
  const fields = { ...fieldsOf(request), code: refusal.code };
  if (refusal === error) logger.debug({ ...fields, why: refusal.message }, "request refused");
  else if (isApiError(error)) logger.warn({ ...fields, error }, "request failed");
  else if (!reply.raw.destroyed) logger.error({ ...fields, error }, "request failed"); // else the caller has left
  if (refusal.retryAfterSeconds !== undefined) reply.header("retry-after", refusal.retryAfterSeconds);
  void reply.code(refusal.status).send(refusal.body);
}

/** What fastify itself finds wrong with a request, in our words. */
function refusalOfBody(error: unknown, request: FastifyRequest): ProtocolRefusal | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  if (error.statusCode === 413) {
    // Sent in chunks it does not say how large it is, and nobody reads on to find out.
    const bytes = request.headers["content-length"] ?? `more than ${limits.requestBytes}`;
    const message = `request body is ${bytes} bytes, the limit is ${limits.requestBytes} bytes`;
    return new ProtocolRefusal(ProtocolCode.TooLarge, message, { status: 413 });
  }
  const isCallersFault = typeof error.statusCode === "number" && error.statusCode >= 400 && error.statusCode < 500;
  return isCallersFault ? new ProtocolRefusal(ProtocolCode.InvalidRequest, error.message) : undefined;
}

function observeAnswer(request: FastifyRequest, reply: FastifyReply, options: GatewayOptions): void {
  const { metrics, logger, clock } = options;
  const { route, ...fields } = fieldsOf(request);
  const { statusCode: status } = reply;
  const durationMs = clock.monotonicMs() - request.receivedAtMs;
  metrics.gatewayRequests.inc({ route, status: reply.raw.destroyed ? "left" : String(status) });
  if (route === "report" && status === 200) metrics.gatewayReportSeconds.observe(durationMs / 1000);
  logger.debug({ route, ...fields, status, durationMs }, "request answered");
}

function fieldsOf({ routeOptions, pod }: FastifyRequest): { readonly route: string; readonly pod?: string } {
  const route = routeOptions.url?.slice(attemptPath.length + 1) ?? "unknown";
  return { route, ...(pod && { pod: `${pod.namespace}/${pod.podName}` }) };
}
