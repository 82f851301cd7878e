// `ctx.cache` (S149): bytes that all runs of one tree share.
import { cacheKeyProblem, cacheValueProblem } from "@stint/crds/cache";
import type { CachePort } from "@stint/crds/host";
import { limits } from "@stint/crds/limits";

/** Bytes by key, shared by all runs of one tree and seen by no other; kept through retries, gone with the root. Source: S149. */
export interface TreeCache {
  /** The value, or `undefined` if there is none or its time is over. */
  get(key: string): Promise<Uint8Array | undefined>;
  /**
   * Stores a value, a text as UTF-8, in the place of any before it. At most 524288 bytes; `ttlSeconds` is 1 to 31536000, and
   * without it the value lives as long as the tree. Throws a `RangeError` for what is larger, a `TypeError` for other values.
   */
  set(key: string, value: Uint8Array | string, options?: { readonly ttlSeconds?: number }): Promise<void>;
  /** Removes the value, if there is one. */
  delete(key: string): Promise<void>;
  /** Every key there is, in order. */
  keys(): Promise<string[]>;
  /** The part of the cache whose keys begin with `name/`: in it they are written without that. */
  group(name: string): TreeCache;
}

export function createTreeCache(port: CachePort, prefix = ""): TreeCache {
  const full = (key: string): string => {
    if (typeof key !== "string") throw new TypeError(`cache key must be a text, got ${typeof key}`);
    const problem = cacheKeyProblem(key === "" ? key : prefix + key);
    if (problem !== undefined) throw new RangeError(problem);
    return prefix + key;
  };
  return {
    get: async (key) => port.get(full(key)),
    set: async (key, value, { ttlSeconds } = {}) => {
      const name = full(key);
      await port.set(name, toBytes(name, value), checkTtl(ttlSeconds));
    },
    delete: async (key) => port.delete(full(key)),
    keys: async () =>
      (await port.keys()).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
    group: (name) => createTreeCache(port, `${full(name)}/`),
  };
}

/** The cache of a tree that is in this process alone. */
export function localCache(): CachePort {
  const values = new Map<string, { readonly value: Uint8Array; readonly expiresAtMs: number }>();
  const fresh = (key: string): Uint8Array | undefined => {
    const entry = values.get(key);
    return entry && entry.expiresAtMs > Date.now() ? entry.value.slice() : undefined;
  };
  return {
    get: async (key) => fresh(key),
    async set(key, value, ttlSeconds = Infinity) {
      values.set(key, { value: value.slice(), expiresAtMs: Date.now() + ttlSeconds * 1000 });
    },
    async delete(key) {
      values.delete(key);
    },
    keys: async () => [...values.keys()].filter((key) => fresh(key) !== undefined).toSorted(),
  };
}

function toBytes(key: string, value: unknown): Uint8Array {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`cache value "${key}" must be bytes or a text`);
  const problem = cacheValueProblem(key, bytes.length);
  if (problem !== undefined) throw new RangeError(problem);
  return bytes;
}

function checkTtl(ttlSeconds: number | undefined): number | undefined {
  const { min, max } = limits.cacheTtlSeconds;
  if (ttlSeconds === undefined || (Number.isInteger(ttlSeconds) && ttlSeconds >= min && ttlSeconds <= max)) {
    return ttlSeconds;
  }
  throw new RangeError(`ttlSeconds must be an integer from ${min} to ${max}, got ${ttlSeconds}`);
}
