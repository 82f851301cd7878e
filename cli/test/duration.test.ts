import { expect, test } from "vitest";

import { inWords } from "../src/duration.ts";

test.each([
  [0, "0s"],
  [0.44, "0.4s"],
  [9.99, "9.9s"],
  [12.7, "12s"],
  [60, "1m"],
  [125, "2m5s"],
  [3600, "1h"],
  [11_100, "3h5m"],
  [86_400, "1d"],
  [442_800, "5d3h"],
  [-3, "0s"],
])("%d seconds are %s", (seconds, words) => {
  expect(inWords(seconds)).toBe(words);
});
