import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Report } from "../src/attempt.ts";
import type { Json } from "../src/json.ts";
import { limits } from "../src/limits.ts";
import { decodeTermination, encodeTermination, type TerminationMessage } from "../src/termination.ts";

const startedAt = "2026-03-01T10:00:00.000Z";

const reports: fc.Arbitrary<Report> = fc.oneof(
  fc.record(
    {
      kind: fc.constant("succeeded" as const),
      value: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json), // fast-check's type says unknown
      submitted: fc.integer({ min: 1, max: 1000 }),
      startedAt: fc.constant(startedAt),
    },
    { requiredKeys: ["kind", "value", "startedAt"] },
  ),
  fc.record(
    {
      kind: fc.constant("failed" as const),
      reason: fc.constantFrom("TaskError" as const, "InvalidInput" as const),
      error: fc.record(
        { name: fc.string(), message: fc.string(), stack: fc.string() },
        { requiredKeys: ["name", "message"] },
      ),
      retryable: fc.boolean(),
      retryAfterMs: fc.nat(),
      startedAt: fc.constant(startedAt),
    },
    { requiredKeys: ["kind", "reason", "error", "retryable", "startedAt"] },
  ),
);
const messages: fc.Arbitrary<TerminationMessage> = fc.oneof(
  fc.record({ kind: fc.constant("report" as const), report: reports }),
  fc.record({ kind: fc.constant("lost" as const), call: fc.string() }),
);

describe("a termination message (S53)", () => {
  test("is read back as it was written", () => {
    fc.assert(
      fc.property(messages, (message) => {
        const text = encodeTermination(message);
        fc.pre(text !== undefined);

        expect(decodeTermination(text)).toEqual(message);
      }),
    );
  });

  test("is no message once the kubelet has cut anything off its end", () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, cut) => {
        const text = encodeTermination(message);
        fc.pre(text !== undefined);

        expect(decodeTermination(text.slice(0, cut % text.length))).toBeUndefined();
      }),
    );
  });

  test("has room for 4096 bytes and not for one more", () => {
    const frame = encodeTermination({ kind: "lost", call: "" })?.length ?? 0;
    const room = limits.terminationMessageBytes - frame;

    expect(encodeTermination({ kind: "lost", call: "x".repeat(room) })).toHaveLength(4096);
    expect(encodeTermination({ kind: "lost", call: "x".repeat(room + 1) })).toBeUndefined();
  });

  test("is measured in bytes, as the kubelet does", () => {
    const text = encodeTermination({ kind: "lost", call: "€".repeat(limits.terminationMessageBytes / 2) });

    expect(text).toBeUndefined();
  });
});

test.each([
  { given: "nothing", text: "" },
  {
    given: "the end of a log, which the kubelet puts there instead",
    text: "Error: boom\n    at main (bundle.mjs:1:1)\n",
  },
  { given: "JSON without our mark", text: '{"kind":"lost","call":"report"}' },
  { given: "our mark on another shape", text: 'stint/v1 {"kind":"report","report":{"kind":"maybe"}}' },
  {
    given: "a number of submissions that is none",
    text: 'stint/v1 {"kind":"report","report":{"kind":"succeeded","value":1,"submitted":-1}}',
  },
  { given: "a success without a value", text: 'stint/v1 {"kind":"report","report":{"kind":"succeeded"}}' },
  {
    given: "a failure without an error",
    text: 'stint/v1 {"kind":"report","report":{"kind":"failed","reason":"TaskError"}}',
  },
  {
    given: "a failure whose error has no name",
    text: 'stint/v1 {"kind":"report","report":{"kind":"failed","reason":"TaskError","error":{"message":"no"}}}',
  },
  {
    given: "a wait that is no number",
    text: 'stint/v1 {"kind":"report","report":{"kind":"failed","reason":"TaskError","error":{"name":"E","message":"no"},"retryAfterMs":"soon"}}',
  },
  { given: "a note that does not say which call", text: 'stint/v1 {"kind":"lost"}' },
  { given: "a bare null", text: "stint/v1 null" },
])("$given is no termination message of ours", ({ text }) => {
  const message = decodeTermination(text);

  expect(message).toBeUndefined();
});
