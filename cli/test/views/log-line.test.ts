import { expect, test } from "vitest";

import { logLines } from "../../src/views/log-line.ts";

const common = { run: "r", attempt: 1, task: "shop/square", tags: [] };

/** A line as the runner writes it. */
function entry(level: string, msg: string, more: object = {}): string {
  return JSON.stringify({ time: "2027-01-01T00:00:00.000Z", level, msg, ...common, ...more });
}

test.each([
  { given: "what console.log wrote", line: "squaring 3", shown: ["squaring 3"] },
  { given: "JSON of the user's own", line: '{"a":1}', shown: ['{"a":1}'] },
  { given: "half an entry", line: '{"time":"2027', shown: ['{"time":"2027'] },
  { given: "a line of ctx.log", line: entry("info", "stored", { rows: 3 }), shown: ["stored rows=3"] },
  { given: "a warning", line: entry("warn", "slow"), shown: ["warn: slow"] },
  { given: "what the run's story tells", line: entry("info", "attempt started"), shown: [] },
  {
    given: "an error",
    line: entry("error", "task threw", {
      error: {
        name: "Error",
        message: "boom",
        stack: [
          "Error: boom",
          "    at total (/home/me/shop/src/tasks.ts:8:12)",
          "    at file:///opt/stint/dist/embedded/sdk/index.js:1:15378",
          "    at it (/opt/stint/dist/embedded/runner.cjs:3:2319)",
          "    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)",
        ].join("\n"),
      },
    }),
    shown: ["Error: boom", "    at total (/home/me/shop/src/tasks.ts:8:12)"],
  },
])("$given", ({ line, shown }) => {
  expect(logLines(line)).toEqual(shown);
});
