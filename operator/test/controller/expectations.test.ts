import { beforeEach, expect, test } from "vitest";

import { Expectations } from "../../src/controller/expectations.ts";
import type { KubernetesObject } from "../../src/effects/cluster.ts";
import { FakeClock } from "../fakes/clock.ts";

let clock: FakeClock;
let cache: Map<string, KubernetesObject>;
let expectations: Expectations;

const pod = { namespace: "ns", name: "a-1", uid: "u1" };

beforeEach(() => {
  clock = new FakeClock();
  cache = new Map([["ns/a-1", cached("u1")]]);
  expectations = new Expectations(clock, cache);
});

function cached(uid: string, more: { readonly deletionTimestamp?: string } = {}): KubernetesObject {
  const metadata = { name: "a-1", uid, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z", ...more };
  return { apiVersion: "v1", kind: "Pod", metadata };
}

test("nothing expected is satisfied", () => {
  expect(expectations.satisfied("ns/a")).toBe(true);
});

test.each([
  { given: "gone", see: () => cache.delete("ns/a-1") },
  { given: "going", see: () => cache.set("ns/a-1", cached("u1", { deletionTimestamp: "2026-01-01T00:00:01Z" })) },
  { given: "replaced by a namesake", see: () => cache.set("ns/a-1", cached("u2")) },
])("a delete is expected until the cache shows the pod $given", ({ see }) => {
  expectations.expectDeletion("ns/a", pod);
  expect(expectations.satisfied("ns/a")).toBe(false);
  expect(expectations.satisfied("ns/b")).toBe(true);

  see();

  expect(expectations.satisfied("ns/a")).toBe(true);
});

test("a pod that was gone before we expected it to go is not waited for", () => {
  cache.clear();

  expectations.expectDeletion("ns/a", pod);

  expect(expectations.satisfied("ns/a")).toBe(true);
});

test("a delete that failed is withdrawn", () => {
  expectations.expectDeletion("ns/a", pod);

  expectations.withdraw("ns/a", pod.uid);

  expect(expectations.satisfied("ns/a")).toBe(true);
});

test("after five minutes a look at a stale cache is better than none", async () => {
  expectations.expectDeletion("ns/a", pod);
  expect(expectations.patience("ns/a")).toEqual(new Date(clock.now().getTime() + 300_000));

  await clock.advance(299_999);
  expect(expectations.satisfied("ns/a")).toBe(false);
  await clock.advance(1);

  expect(expectations.satisfied("ns/a")).toBe(true);
});
