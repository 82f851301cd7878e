import type { Report } from "@stint/crds/attempt";
import { decodeTermination } from "@stint/crds/termination";
import { beforeEach, expect, test } from "vitest";

import { ChannelLost } from "../src/channel.ts";
import { deliver } from "../src/delivery.ts";
import { LastWords } from "../src/last-words.ts";
import { aFailure, succeeded } from "./builders.ts";
import { silentLog } from "./fakes/log.ts";

const lost = new ChannelLost("POST report", new Error("connection refused"));

let written: string;

beforeEach(() => {
  written = "";
});

const someLastWords = () => new LastWords((text) => void (written = text), silentLog);
const message = () => decodeTermination(written);

/** A delivery under way, of which the test decides when the gateway answers. */
function aDelivery(report: Report, terminated = new AbortController()) {
  const order: string[] = [];
  const answer = Promise.withResolvers<undefined>();
  const lastWords = someLastWords();
  const delivered = deliver(report, {
    gateway: {
      report() {
        order.push("report");
        return answer.promise;
      },
    },
    host: { flush: async () => void order.push("flush") },
    lastWords,
    terminated: terminated.signal,
  });
  return { delivered, answer, order, terminated, lastWords };
}

test("what the attempt has begun goes before its report, and the acknowledgement ends both", async () => {
  const { delivered, answer, order } = aDelivery(succeeded);

  answer.resolve(undefined);
  await delivered;

  expect(order).toEqual(["flush", "report"]);
  expect(written).toBe("");
});

test("at SIGTERM an undelivered report is left at once, and the gateway is tried all the same (D2)", async () => {
  const { delivered, answer, terminated } = aDelivery(succeeded);

  terminated.abort();

  expect(message()).toEqual({ kind: "report", report: succeeded });
  answer.resolve(undefined);
  await expect(delivered).resolves.toBeUndefined();
});

test("a report that comes after SIGTERM is left at once as well (D2)", async () => {
  const terminated = new AbortController();
  terminated.abort();

  const { delivered, answer } = aDelivery(succeeded, terminated);

  expect(message()).toEqual({ kind: "report", report: succeeded });
  answer.resolve(undefined);
  await delivered;
});

test("a delivered report is not left any more", async () => {
  const { delivered, answer, terminated } = aDelivery(succeeded);
  answer.resolve(undefined);
  await delivered;

  terminated.abort();

  expect(written).toBe("");
});

test("a lost report is left in the termination message (S53)", async () => {
  const { delivered, answer, lastWords } = aDelivery(succeeded);
  answer.reject(lost);
  await expect(delivered).rejects.toBe(lost);

  lastWords.writeLost(lost);

  expect(message()).toEqual({ kind: "report", report: succeeded });
});

test("a failure that is too large is left without its stack", () => {
  const lastWords = someLastWords();
  const report = aFailure("TypeError", "it broke");
  if (report.kind === "succeeded") throw new Error("a failure is needed");

  lastWords.keep({ ...report, error: { ...report.error, stack: "at somewhere\n".repeat(1_000) } });
  lastWords.writeLost(lost);

  expect(message()).toEqual({ kind: "report", report });
});

test.each([
  { given: "a result that is too large", report: { ...succeeded, value: "x".repeat(8_192) } as const },
  { given: "no outcome yet", report: undefined },
])("with $given the message says which call was lost", ({ report }) => {
  const lastWords = someLastWords();
  if (report) lastWords.keep(report);

  lastWords.writeLost(lost);

  expect(message()).toEqual({ kind: "lost", call: "POST report" });
});

test("where no message can be written the process goes on", () => {
  const full = (): never => {
    throw new Error("no space left on device");
  };
  const lastWords = new LastWords(full, silentLog);

  expect(() => lastWords.writeLost(lost)).not.toThrow();
});
