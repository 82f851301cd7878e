import { expect, test } from "vitest";

import { ApiError } from "../../src/errors.ts";
import { createLogger } from "../../src/telemetry/logger.ts";

function linesOf(write: (log: ReturnType<typeof createLogger>) => void): readonly Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger("info", { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

test("a line is JSON: the fields of its logger, its own, and a constant message", () => {
  const [line] = linesOf((log) => log.child({ controller: "runs" }).info({ key: "ns/a" }, "task run decided"));

  expect(line).toMatchObject({ controller: "runs", key: "ns/a", msg: "task run decided" });
});

test("an error is written with its stack, its code and its causes", () => {
  const cause = new Error("socket closed");
  const error = new ApiError("get pod a: no answer", { reason: "unavailable", cause });

  const [line] = linesOf((log) => log.warn({ error }, "the API server refused or was silent"));

  expect(line?.["error"]).toMatchObject({ code: "API_UNAVAILABLE", cause: { message: "socket closed" } });
  expect(JSON.stringify(line)).toContain("logger.test.ts");
});

test("what is below the level is not written", () => {
  expect(linesOf((log) => log.debug({}, "looked at"))).toEqual([]);
});
