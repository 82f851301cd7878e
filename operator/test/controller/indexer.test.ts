import * as fc from "fast-check";
import { beforeEach, expect, test } from "vitest";

import { type CacheChange, Indexer } from "../../src/controller/indexer.ts";
import { differences, listedOf } from "../../src/controller/relist-audit.ts";
import type { KubernetesObject } from "../../src/effects/cluster.ts";

interface Thing extends KubernetesObject {
  readonly colors: readonly string[];
}

let cache: Indexer<Thing, "color">;

beforeEach(() => {
  cache = new Indexer({ color: ({ colors }: Thing) => colors });
});

function thing(name: string, resourceVersion: string, { uid = `uid-${name}`, colors = ["red"] } = {}): Thing {
  const metadata = { name, namespace: "ns", uid, resourceVersion, creationTimestamp: "2026-01-01T00:00:00Z" };
  return { apiVersion: "v1", kind: "Thing", metadata, colors };
}

function inWords(changes: readonly CacheChange<Thing>[]): readonly string[] {
  return changes.map(({ kind, object: { metadata } }) => `${kind} ${metadata.uid}@${metadata.resourceVersion}`);
}

test("the same key under another uid is another object", () => {
  cache.put(thing("a", "9"));

  const changes = cache.put(thing("a", "10", { uid: "another" }));

  expect(inWords(changes)).toEqual(["delete uid-a@9", "add another@10"]);
});

test("what is not newer changes nothing", () => {
  cache.put(thing("a", "10"));

  expect(cache.put(thing("a", "10"))).toEqual([]);
  expect(cache.put(thing("a", "9", { colors: ["blue"] }))).toEqual([]);

  expect(cache.by("color", "red")).toHaveLength(1);
});

test("the deletion of an object that is not held changes nothing", () => {
  cache.put(thing("a", "10"));

  expect(cache.remove(thing("a", "11", { uid: "an-earlier-one" }))).toEqual([]);
  expect(cache.remove(thing("b", "11"))).toEqual([]);

  expect(cache.size).toBe(1);
});

test("a list says what is there, and thereby what is gone", () => {
  for (const name of ["a", "b", "c"]) cache.put(thing(name, "5"));

  const changes = cache.replaceAll([thing("b", "5"), thing("c", "6"), thing("d", "7")]);

  expect(inWords(changes)).toEqual(["delete uid-a@5", "update uid-c@6", "add uid-d@7"]);
});

test("an index finds an object under each of its values, and forgets old ones", () => {
  cache.put(thing("a", "1", { colors: ["red", "blue"] }));
  cache.put(thing("a", "2", { colors: ["blue", "green"] }));

  const found = ["red", "blue", "green"].map((color) => cache.by("color", color).length);

  expect(found).toEqual([0, 1, 1]);
});

test("a difference is what is missing, stale or long gone, unless it changed meanwhile", () => {
  const listed = [thing("same", "1"), thing("missing", "2"), thing("stale", "3"), thing("moving", "4")].map(listedOf);
  const cached = [thing("same", "1"), thing("stale", "2"), thing("gone", "1"), thing("moving", "5")];

  expect(differences(listed, cached, new Set(["ns/moving"])).toSorted()).toEqual(["ns/gone", "ns/missing", "ns/stale"]);
});

test("whatever happened, an index finds exactly what a search through all objects would", () => {
  const colors = fc.uniqueArray(fc.constantFrom("red", "blue", "green"), { maxLength: 3 });
  const steps = fc.array(
    fc.record({ name: fc.constantFrom("a", "b", "c"), uid: fc.nat(2), colors, isGone: fc.boolean() }),
  );
  fc.assert(
    fc.property(steps, (history) => {
      const cache = new Indexer({ color: (one: Thing) => one.colors });
      history.forEach(({ name, uid, colors, isGone }, index) => {
        const object = thing(name, String(100 + index), { uid: String(uid), colors });
        if (isGone) cache.remove(object);
        else cache.put(object);
      });

      for (const color of ["red", "blue", "green"]) {
        const searched = cache.list().filter((one) => one.colors.includes(color));
        expect(new Set(cache.by("color", color))).toEqual(new Set(searched));
      }
    }),
  );
});
