// Tasks that take one object, and a side effect that happens once however often it is tried.
//   stint deploy examples/rhythm/tasks.ts --bundle rhythm
//   stint run rhythm/submit-report --input '{"author": "ada", "title": "Q3"}' --wait
import { currentContext, task } from "@stint/sdk";

interface Report {
  readonly author: string;
  readonly title: string;
  readonly pages?: number;
}

/** A parameter that takes an object apart gets the whole input: `{"author": "ada", "title": "Q3"}`. */
export const submitReport = task("submit-report", ({ author, title, pages = 1 }: Report) => ({
  report: `${author}/${title.toLowerCase()}`,
  pages,
  status: "submitted",
}));

interface Payment {
  readonly orderId: string;
  readonly amountCents: number;
  /** Address of the payment provider. */
  readonly provider: string;
}

/**
 * A task may run more than once: an attempt can be lost after its payment was taken, and before that was recorded.
 *
 * The key is the same in all attempts of a run, and in no other run; a provider that sees it again charges nothing.
 */
export const processPayment = task(
  "process-payment",
  { retry: { maxRetries: 2, waitDurationMs: 100 } },
  async ({ orderId, amountCents, provider }: Payment) => {
    const { executionId, attempt, idempotencyKey, log } = currentContext();
    log.info("charging", { orderId, amountCents });
    const answer = await fetch(`${provider}/charges`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": idempotencyKey },
      body: JSON.stringify({ orderId, amountCents }),
    });
    if (!answer.ok) throw new Error(`the provider answered ${answer.status}`);
    const { chargeId } = (await answer.json()) as { readonly chargeId: string };
    return { executionId, chargeId, attempt };
  },
);
