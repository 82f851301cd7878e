import { expect, test } from "vitest";

import { traceAnnotation, traceparentOf } from "../src/labels.ts";
import { traceIdOf } from "../src/trace.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

test("a traceparent carries the trace's id, as an annotation there and back (S151)", () => {
  expect(traceIdOf(traceparent)).toBe(traceId);
  expect(traceparentOf(traceAnnotation(traceparent))).toBe(traceparent);
});

test.each([
  undefined,
  "",
  traceId,
  `ff-${traceId}-00f067aa0ba902b7-01`,
  `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `00-${traceId.toUpperCase()}-00f067aa0ba902b7-01`,
  `${traceparent}-more`,
  `${traceparent}\n`,
])("%j is nobody's trace and is not passed on", (text) => {
  expect(traceIdOf(text)).toBeUndefined();
  expect(traceAnnotation(text)).toBeUndefined();
  expect(traceparentOf(text === undefined ? {} : { "stint.dev/traceparent": text })).toBeUndefined();
});
