// The rules of the tree's cache (S149), for the SDK, which knows first, and for the gateway, which trusts nobody.
import { limits } from "./limits.ts";

export function cacheKeyProblem(key: string): string | undefined {
  if (key.length >= 1 && key.length <= limits.cacheKeyLength) return undefined;
  return `cache key must be 1 to ${limits.cacheKeyLength} characters, got ${key.length}`;
}

export function cacheValueProblem(key: string, bytes: number): string | undefined {
  if (bytes <= limits.cacheValueBytes) return undefined;
  return `cache value "${key}" is ${bytes} bytes, the limit is ${limits.cacheValueBytes} bytes (no payload store is configured)`;
}
