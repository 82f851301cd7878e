import { expect, test } from "vitest";

import {
  ApiError,
  type ApiReason,
  assertNever,
  codeOf,
  errorCodes,
  invariant,
  InvariantError,
  isApiError,
  RefusedError,
} from "../src/errors.ts";

const everyReason: readonly ApiReason[] = [
  ...(["conflict", "alreadyExists", "notFound", "gone", "tooManyRequests", "quotaExceeded"] as const),
  ...([
    "serviceAccountMissing",
    "invalid",
    "forbidden",
    "unauthorized",
    "badRequest",
    "tooLarge",
    "unavailable",
  ] as const),
];

test("every code of the table is some error's, and every error has a code of the table", () => {
  const errors = [
    ...everyReason.map((reason) => new ApiError("get pod a", { reason })),
    new RefusedError("no", { reason: "InvalidPodTemplate" }),
    new InvariantError("no"),
    new TypeError("x is not a function"),
  ];

  expect(errors.map(codeOf).toSorted()).toEqual(Object.keys(errorCodes).toSorted());
});

test("an error keeps its cause, and its name is its class", () => {
  const cause = new Error("socket closed");

  const error = new ApiError("get pod a: no answer", { reason: "unavailable", cause });

  expect(error).toMatchObject({ name: "ApiError", cause, status: undefined, retryAfterMs: undefined });
  expect(error.serverMessage).toBe("get pod a: no answer");
});

test("reasons are asked for by name", () => {
  const error = new ApiError("get pod a", { reason: "notFound" });

  expect(isApiError(error)).toBe(true);
  expect(isApiError(error, "gone", "notFound")).toBe(true);
  expect(isApiError(error, "gone")).toBe(false);
  expect(isApiError(new Error("notFound"))).toBe(false);
});

test("what cannot be is a bug of ours, with what was seen", () => {
  const livePods = 2;

  expect(() => invariant(livePods < 2, "two live pods", { livePods })).toThrow(InvariantError);
  expect(() => assertNever("Paused" as never)).toThrow(expect.objectContaining({ details: "Paused" }));
});
