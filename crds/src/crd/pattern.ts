// Patterns are written for JavaScript and run in the API server by Go's RE2, which promises linear time and therefore
// knows neither lookaround nor back-references. A pattern is refused as soon as it looks like one of these.

const obstacles: readonly (readonly [RegExp, string])[] = [
  [/\(\?<?[=!]/, "lookaround"],
  [/\\[1-9]|\\k</, "a back-reference"],
  [/\\[uc]/, "a \\u or \\c escape"],
  [/\[\^?\]/, "an empty class"],
  [/\{(?:\d+,)?\d{4}/, "a repeat count over 999"],
];

/** What keeps a pattern from meaning the same in RE2, in a few words; `undefined` if nothing does. */
export function re2Obstacle(pattern: string): string | undefined {
  const text = pattern.replaceAll("\\\\", ""); // an escaped backslash escapes nothing itself
  return obstacles.find(([sign]) => sign.test(text))?.[1];
}

/**
 * Formats that the API server checks by itself and that mean there what they mean to zod. `duration` is not among them:
 * zod's is ISO 8601 (`PT5M`), Kubernetes' is Go's (`5m`).
 */
export const checkedFormats: ReadonlySet<string> = new Set([
  "byte",
  "date",
  "date-time",
  "email",
  "ipv4",
  "ipv6",
  "uri",
  "uuid",
]);
