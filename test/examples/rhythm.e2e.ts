// examples/rhythm: one object as the argument, and a payment that is taken once.
import { taskRef } from "@stint/sdk";
import { beforeAll, expect } from "vitest";

import { getRun, messageOf, namespace, reasonOf, runToEnd } from "../e2e/kit/cluster.ts";
import { scenario } from "../e2e/kit/scenario.ts";
import { prepareExample } from "./kit/example.ts";
import { WebServer } from "./kit/web-server.ts";

beforeAll(() => prepareExample("rhythm"));

scenario("rhythm: a task of one object takes the input whole (S31)", ["report", "report-in-list"], async () => {
  const report = { author: "ada", title: "Q3", pages: 12 };
  const [whole, inList] = await Promise.all([
    runToEnd("report", { task: "rhythm/submit-report", input: { author: "ada", title: "Q3" } }),
    runToEnd("report-in-list", { task: "rhythm/submit-report", input: [report] }),
  ]);

  expect(whole.status).toMatchObject({
    phase: "Succeeded",
    result: { report: "ada/q3", pages: 1, status: "submitted" },
  });
  expect(inList.status).toMatchObject({
    phase: "Succeeded",
    result: { report: "ada/q3", pages: 12, status: "submitted" },
  });
});

scenario("rhythm: a payment is taken once, although it is tried twice (S99, S142)", ["payment"], async () => {
  const provider = new Provider();
  await using served = await provider.start();
  const input = { orderId: "o-1", amountCents: 450, provider: served.url };

  const run = await runToEnd("payment", { task: "rhythm/process-payment", input });

  const key = `${namespace}/${run.metadata.uid}`;
  expect(provider.keysSeen).toEqual([key, key]);
  expect([...provider.charges]).toEqual([[key, { orderId: "o-1", amountCents: 450 }]]);
  expect(run.status).toMatchObject({
    phase: "Succeeded",
    result: { executionId: "payment", chargeId: "charge-1", attempt: 2 },
    attempts: [{ reason: "TaskError", error: { message: "the provider answered 502" } }, { reason: "Succeeded" }],
  });
});

scenario("rhythm: the same order triggered twice is one run (S111)", ["order-7"], async () => {
  const provider = new Provider();
  await using served = await provider.start();
  const payment = { orderId: "o-7", amountCents: 100, provider: served.url };
  const processPayment = taskRef<[typeof payment], { readonly chargeId: string }>("rhythm/process-payment");

  const first = await processPayment.trigger(payment, { namespace, name: "order-7" });
  const second = await processPayment.trigger(payment, { namespace, name: "order-7" });

  expect(await Promise.all([first.result(), second.result()])).toMatchObject([
    { chargeId: "charge-1" },
    { chargeId: "charge-1" },
  ]);
  expect(provider.charges.size).toBe(1);
  expect((await getRun("order-7")).metadata.labels).toEqual({ "stint.dev/bundle": "rhythm" });
});

scenario("rhythm: a provider that is down uses up the retries (S81, S89)", ["no-provider"], async () => {
  await using provider = await WebServer.start(() => ({ status: 503 }));

  const run = await runToEnd("no-provider", {
    task: "rhythm/process-payment",
    input: { orderId: "o-2", amountCents: 1, provider: provider.url },
  });

  expect(run.status).toMatchObject({ phase: "Failed", attemptCount: 3, userRetries: 2 });
  expect(reasonOf(run)).toBe("TaskError");
  expect(messageOf(run)).toBe("failed after 3 attempt(s): the provider answered 503");
});

/** Takes each payment, and loses its first answer on the way. */
class Provider {
  readonly keysSeen: string[] = [];
  readonly charges = new Map<string, unknown>();

  start(): Promise<WebServer> {
    return WebServer.start(({ headers, body }) => {
      const key = String(headers["idempotency-key"]);
      this.keysSeen.push(key);
      const isNew = !this.charges.has(key);
      if (isNew) this.charges.set(key, JSON.parse(body));
      return isNew ? { status: 502 } : { status: 200, body: { chargeId: `charge-${this.charges.size}` } };
    });
  }
}
