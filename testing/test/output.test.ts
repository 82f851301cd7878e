// What attempts print goes to their logs, and nothing else is touched.
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { captureOutput, Logs, printingTo } from "../src/process/output.ts";

let printed: unknown[];
let restore: () => void;

beforeEach(() => {
  printed = [];
  const spies = [
    vi.spyOn(console, "log").mockImplementation((...args) => void printed.push(args)),
    vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
      printed.push(chunk);
      return true;
    }),
  ];
  restore = () => spies.forEach((spy) => spy.mockRestore());
});

afterEach(() => restore());

test("whose a line is follows from where the code runs, across awaits", async () => {
  const stop = captureOutput();
  const lines: string[] = [];

  await printingTo(
    (text) => void lines.push(text),
    async () => {
      console.log("a number: %d", 1);
      await Promise.resolve();
      process.stdout.write("a line\n");
      console.warn({ a: [1] });
    },
  );
  console.log("outside");
  process.stdout.write("outside\n");
  stop();

  expect(lines).toEqual(["a number: 1", "a line", "{ a: [ 1 ] }"]);
  expect(printed).toEqual([["outside"], "outside\n"]);
});

test("the console is left as it was found, by the last one who captures", () => {
  const [log, write] = [console.log, Object.getOwnPropertyDescriptor(process.stdout, "write")];
  const stops = [captureOutput(), captureOutput()];

  stops[0]?.();
  stops[0]?.();
  expect(console.log).not.toBe(log);
  stops[1]?.();

  expect(console.log).toBe(log);
  expect(Object.getOwnPropertyDescriptor(process.stdout, "write")).toEqual(write);
});

test("what somebody else has put over the console stays there", () => {
  const stop = captureOutput();
  const other = vi.spyOn(console, "log").mockImplementation(() => {});
  const { log } = console;

  stop();

  expect(console.log).toBe(log);
  other.mockRestore();
});

test("a process that was killed prints no more", () => {
  const logs = new Logs();
  const killed = new AbortController();
  const sink = logs.sinkOf("square-4", 1, killed.signal);

  sink("before");
  killed.abort();
  sink("after");

  expect(logs.of("square-4")).toEqual([{ attempt: 1, text: "before" }]);
  expect(logs.of("another")).toEqual([]);
});
