// examples/taskiq: models in and out, sizes, conditional retries, progress.
import { beforeAll, expect } from "vitest";

import { messageOf, podsOf, reasonOf, runToEnd } from "../e2e/kit/cluster.ts";
import { scenario } from "../e2e/kit/scenario.ts";
import { prepareExample } from "./kit/example.ts";

beforeAll(() => prepareExample("taskiq"));

scenario("taskiq: models fill in defaults, on the way in and on the way out (S39, S41, S51)", ["order"], async () => {
  const order = {
    id: "o-1",
    items: [
      { sku: "tea", cents: 450 },
      { sku: "cup", cents: 300, quantity: 2 },
    ],
  };
  const run = await runToEnd("order", { task: "taskiq/invoice", input: order });

  expect(run.status).toMatchObject({
    phase: "Succeeded",
    result: { orderId: "o-1", cents: 1050, currency: "EUR" },
  });
});

const misfits = ["empty-order", "odd-id"];
scenario(
  "taskiq: an input that does not fit is refused, before any pod if it can be (S37, S38, S40)",
  misfits,
  async () => {
    const items = [{ sku: "tea", cents: 450 }];
    const [empty, odd] = await Promise.all([
      runToEnd("empty-order", { task: "taskiq/invoice", input: { id: "o-1", items: [] } }),
      runToEnd("odd-id", { task: "taskiq/invoice", input: { id: "x", items } }),
    ]);

    expect([empty, odd].map(reasonOf)).toEqual(["InvalidInput", "InvalidInput"]);
    expect(messageOf(empty)).toBe(
      "input does not match the schema of taskiq/invoice: /items: must have at least 1 element(s)",
    );
    expect(await podsOf("empty-order")).toEqual([]);
    expect(messageOf(odd)).toBe(
      "failed after 1 attempt(s): input does not match the schema of taskiq/invoice: /id: must match ^o-\\d+$",
    );
    expect(odd.status).toMatchObject({ attemptCount: 1, attempts: [{ class: "Final" }] });
  },
);

const sizes = ["small", "large"];
scenario("taskiq: a profile chooses the smallest instance type that offers it (S61)", sizes, async () => {
  const [small, large] = await Promise.all([
    runToEnd("small", { task: "taskiq/invoice", input: { id: "o-2", items: [{ sku: "tea", cents: 1 }] } }),
    runToEnd("large", { task: "taskiq/close-the-books" }),
  ]);

  expect(small.status).toMatchObject({ instanceType: "starter", resources: { cpu: "500m", memory: "512Mi" } });
  expect(large.status).toMatchObject({ instanceType: "pro-plus", resources: { cpu: "4", memory: "8Gi" } });
  expect((await podsOf("large"))[0]?.spec?.containers?.[0]?.resources?.limits).toMatchObject({ cpu: "4" });
});

const rates = ["busy", "wrong", "hopeless", "always-busy"];
scenario("taskiq: only a RetryableError is tried again under RetryableOnly (S90, S91)", rates, async () => {
  const rate = (name: string, ...input: readonly unknown[]) => runToEnd(name, { task: "taskiq/fetch-rate", input });
  const [busy, wrong, hopeless, alwaysBusy] = await Promise.all([
    rate("busy", "USD", 2),
    rate("wrong", "dollars"),
    rate("hopeless", "XXX"),
    rate("always-busy", "USD", 9),
  ]);

  expect(busy.status).toMatchObject({ phase: "Succeeded", result: { currency: "USD", rate: 1.25 }, userRetries: 2 });
  expect([wrong, hopeless, alwaysBusy].map(reasonOf)).toEqual(["TaskError", "NonRetryableError", "TaskError"]);
  expect([wrong, hopeless, alwaysBusy].map(messageOf)).toEqual([
    'failed after 1 attempt(s): "dollars" is no currency',
    "failed after 1 attempt(s): XXX stands for no currency",
    "failed after 4 attempt(s): the rate service is busy",
  ]);
});

scenario("taskiq: progress counts what there is to do and what is done (S146, S147)", ["import"], async () => {
  const run = await runToEnd("import", { task: "taskiq/import-rows", input: [["a", "b", "c"]] });

  expect(run.status).toMatchObject({
    phase: "Succeeded",
    result: 3,
    progress: [{ label: "rows", total: 3, done: 3 }],
  });
});
