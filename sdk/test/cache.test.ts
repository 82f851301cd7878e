// The tree's cache as tasks see it (S149).
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { currentContext, task, type TreeCache } from "../src/index.ts";
import { attempt, FakeHost, forgetTasks } from "./fakes/host.ts";

beforeEach(forgetTasks);
afterEach(() => {
  vi.useRealTimers();
});

/** What `use` does with the cache of an attempt. */
async function inAttempt(use: (cache: TreeCache) => Promise<unknown>, host = new FakeHost()): Promise<unknown> {
  const seen: { value?: unknown } = {};
  task("t", async () => {
    seen.value = await use(currentContext().cache).catch((error: unknown) => error);
  });
  await attempt("t", [], host);
  return seen.value;
}

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

test("bytes and texts are found again as bytes, and a missing key is undefined (S149)", async () => {
  const seen = await inAttempt(async (cache) => {
    await cache.set("a", new Uint8Array([0, 255]));
    await cache.set("b", "grüße");
    return [await cache.get("a"), text(await cache.get("b")), await cache.get("c")];
  });

  expect(seen).toEqual([new Uint8Array([0, 255]), "grüße", undefined]);
});

test("a group is the part of the cache below its name (S149)", async () => {
  const seen = await inAttempt(async (cache) => {
    const inner = cache.group("a/b");
    await inner.set("x", "1");
    await inner.group("c").set("y", "2");
    await cache.set("z", "3");
    return [await cache.keys(), await inner.keys(), text(await cache.get("a/b/x")), await inner.get("z")];
  });

  expect(seen).toEqual([["a/b/c/y", "a/b/x", "z"], ["c/y", "x"], "1", undefined]);
});

test("what is deleted is gone, and deleting what is not there is no error", async () => {
  const seen = await inAttempt(async (cache) => {
    await cache.set("a", "1");
    await cache.delete("a");
    await cache.delete("never");
    return [await cache.get("a"), await cache.keys()];
  });

  expect(seen).toEqual([undefined, []]);
});

test("a value whose time is over is not found", async () => {
  vi.useFakeTimers();
  const host = new FakeHost();
  const cache = host.cache;
  await cache.set("a", new Uint8Array([1]), 60);

  vi.advanceTimersByTime(59_999);
  expect(await cache.get("a")).toBeDefined();
  vi.advanceTimersByTime(1);
  expect(await cache.get("a")).toBeUndefined();
  expect(await cache.keys()).toEqual([]);
});

test.each([
  {
    what: "a value that is too large",
    error: RangeError,
    message: 'cache value "a" is 524289 bytes, the limit is 524288 bytes (no payload store is configured)',
    use: (cache: TreeCache) => cache.set("a", new Uint8Array(524_289)),
  },
  {
    what: "a value that is no bytes",
    error: TypeError,
    message: 'cache value "a" must be bytes or a text',
    use: (cache: TreeCache) => cache.set("a", 1 as never),
  },
  {
    what: "an empty key",
    error: RangeError,
    message: "cache key must be 1 to 512 characters, got 0",
    use: (cache: TreeCache) => cache.get(""),
  },
  {
    what: "a key that is too long",
    error: RangeError,
    message: "cache key must be 1 to 512 characters, got 513",
    use: (cache: TreeCache) => cache.group("a").delete("x".repeat(511)),
  },
  {
    what: "a key that is no text",
    error: TypeError,
    message: "cache key must be a text, got number",
    use: (cache: TreeCache) => cache.get(1 as never),
  },
  {
    what: "a time to live of nothing",
    error: RangeError,
    message: "ttlSeconds must be an integer from 1 to 31536000, got 0",
    use: (cache: TreeCache) => cache.set("a", "1", { ttlSeconds: 0 }),
  },
])("$what is refused (S149)", async ({ error, message, use }) => {
  const seen = await inAttempt(use);

  expect(seen).toEqual(new error(message));
});

test("in .local() a tree has a cache of its own, which its children share (S112)", async () => {
  const child = task("child", async () => text(await currentContext().cache.get("a")));
  const parent = task("parent", async () => {
    const before = await currentContext().cache.keys();
    await currentContext().cache.set("a", "of the parent");
    return [before, await child()];
  });

  expect(await parent.local()).toEqual([[], "of the parent"]);
  expect(await parent.local()).toEqual([[], "of the parent"]);
});
