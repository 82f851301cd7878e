// Models in and out, sizes by what a task needs, retries for what is worth one, progress.
//   stint deploy examples/taskiq/tasks.ts --bundle taskiq
//   stint run taskiq/invoice --input '{"id": "o-1", "items": [{"sku": "tea", "cents": 450}]}' --wait
import { currentContext, NonRetryableError, RetryableError, task } from "@stint/sdk";
import { z } from "zod";

const Order = z.object({
  id: z.string().regex(/^o-\d+$/),
  items: z.array(z.object({ sku: z.string(), cents: z.int().positive(), quantity: z.int().default(1) })).min(1),
});

const Invoice = z.object({
  orderId: z.string(),
  cents: z.int().nonnegative(),
  currency: z.enum(["EUR", "USD"]).default("EUR"),
});

/** The input is parsed before the function sees it, and the result before anybody else does: both get their defaults. */
export const invoice = task(
  "invoice",
  { inputSchema: Order, resultSchema: Invoice, resources: { cpu: 0.5, memoryMb: 512 } },
  ({ id, items }) => ({ orderId: id, cents: items.reduce((sum, { cents, quantity }) => sum + cents * quantity, 0) }),
);

/** The smallest instance type that offers both is taken. */
export const closeTheBooks = task("close-the-books", { resources: { cpu: 4, memoryMb: 4096 } }, () => "closed");

/** Tried again only for what says that it is worth it: a service that is busy, and no currency that does not exist. */
export const fetchRate = task(
  "fetch-rate",
  { retry: { when: "RetryableOnly", maxRetries: 3, waitDurationMs: 100 } },
  (currency: string, busyAttempts = 0) => {
    const { attempt } = currentContext();
    if (attempt <= busyAttempts) throw new RetryableError("the rate service is busy");
    if (currency === "XXX") throw new NonRetryableError("XXX stands for no currency");
    if (!/^[A-Z]{3}$/.test(currency)) throw new Error(`"${currency}" is no currency`);
    return { currency, rate: 1.25 };
  },
);

/** How much there is to do, and how much is done: `stint get` shows it while the task runs. */
export const importRows = task("import-rows", (rows: readonly string[]) => {
  const progress = currentContext().progress("rows");
  progress.add(rows.length);
  for (const _row of rows) progress.done();
  return rows.length;
});
