// The tree's cache as the SDK sees it (S149): bytes here, base64 on the wire.
import type { CachePort } from "@stint/crds/host";

import type { Calls } from "./calls.ts";
import type { Gateway } from "./gateway.ts";

/** What is written is delivered even if nobody awaits it; a stop does not end it, since whoever cleans up may still write. */
export function createTreeCache(gateway: Pick<Gateway, "cache">, calls: Calls, signal: AbortSignal): CachePort {
  return {
    async get(key) {
      const { value } = await calls.guard(gateway.cache.get(key, signal));
      return value === undefined ? undefined : new Uint8Array(Buffer.from(value, "base64"));
    },
    async set(key, value, ttlSeconds) {
      const request = { value: Buffer.from(value).toString("base64"), ...(ttlSeconds !== undefined && { ttlSeconds }) };
      await calls.begin(gateway.cache.put(key, request, signal));
    },
    delete: (key) => calls.begin(gateway.cache.delete(key, signal)),
    keys: async () => (await calls.guard(gateway.cache.keys(signal))).keys,
  };
}
