/** Version, trace id, parent id and flags of a W3C `traceparent`; an id of zeros alone is none. */
const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The trace id in a `traceparent`: 32 hex digits.
 *
 * `undefined` for any other text, which is then nobody's trace and goes no further. Source: S151, W3C Trace Context.
 */
export function traceIdOf(text: string | undefined): string | undefined {
  return traceparent.exec(text ?? "")?.[1];
}
