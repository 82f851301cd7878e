// Health and metrics, over plain HTTP on a port of their own: for the kubelet and for Prometheus.
import { fastify } from "fastify";
import type { Registry } from "prom-client";

export interface HealthServerDeps {
  readonly port: number;
  readonly registry: Registry;
  /** What is not ready yet, in words; empty when all is. */
  readonly notReady: () => readonly string[];
}

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/healthz`, `/readyz` and `/metrics`.
 *
 * Live means that the event loop turns, and nothing more: a backlog is no reason to be killed. Ready means that the caches
 * are synced and fresh and that the gateway answers; 503 names what is missing.
 */
export async function startHealthServer({ port, registry, notReady }: HealthServerDeps): Promise<RunningServer> {
  // Anybody in the cluster may ask, so nobody may be slow or send more than a line.
  const server = fastify({ logger: false, forceCloseConnections: true, requestTimeout: 10_000, bodyLimit: 1024 });
  server.get("/healthz", () => "ok\n");
  server.get("/readyz", async (_, reply) => {
    const missing = notReady();
    return missing.length === 0 ? "ok\n" : reply.code(503).send(`not ready: ${missing.join(", ")}\n`);
  });
  server.get("/metrics", async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  await server.listen({ port, host: "0.0.0.0" });
  const address = server.server.address();
  return { port: typeof address === "object" && address ? address.port : port, close: () => server.close() };
}
