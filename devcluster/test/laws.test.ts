// What holds for every history and every object, not only for those that somebody thought of.
import { isDeepStrictEqual } from "node:util";

import fc from "fast-check";
import { expect, test } from "vitest";

import type { KubeObject } from "../src/api.ts";
import { systemClock } from "../src/clock.ts";
import { fromTree, toTree } from "../src/fields.ts";
import { mergePatched } from "../src/patch.ts";
import { shape, type Structural } from "../src/schema.ts";
import { Store } from "../src/store.ts";
import { watch, type WatchEvent } from "../src/watch.ts";

const json = fc.jsonValue({ maxDepth: 3 });
const plainObject = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), json, { maxKeys: 4 });

interface Step {
  readonly name: string;
  readonly isSelected: boolean;
  readonly isRemoval: boolean;
}

const histories = fc.array(
  fc.record<Step>({ name: fc.constantFrom("a", "b", "c"), isSelected: fc.boolean(), isRemoval: fc.boolean() }),
  { maxLength: 20 },
);

function play(store: Store, { name, isSelected, isRemoval }: Step): void {
  const before = store.get("things", { name });
  if (isRemoval && before) store.remove("things", before);
  else if (!isRemoval) store.put("things", aThing(name, isSelected));
}

function aThing(name: string, isSelected: boolean): KubeObject {
  const metadata = { name, uid: name, resourceVersion: "", creationTimestamp: "", labels: { in: String(isSelected) } };
  return { apiVersion: "v1", kind: "Thing", metadata };
}

const selects = ({ metadata }: KubeObject): boolean => metadata.labels?.["in"] === "true";

/** What a reader holds that began with a list and follows the events. */
function followed(list: readonly KubeObject[], events: readonly WatchEvent[]): readonly KubeObject[] {
  const held = new Map(list.map((object) => [object.metadata.name, object]));
  for (const { type, object } of events) {
    const thing = object as KubeObject; // the watch was not asked for bookmarks, and its version is remembered
    const isKnown = held.has(thing.metadata.name);
    if (type === "ADDED" ? isKnown : !isKnown)
      throw new Error(`${type} of ${thing.metadata.name}, which is ${isKnown ? "" : "not "}held`);
    if (type === "DELETED") held.delete(thing.metadata.name);
    else held.set(thing.metadata.name, thing);
  }
  return [...held.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

test("a list and the events since then give the list of now, whatever the selection", async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.nat(20), async (history, cut) => {
      const store = new Store();
      history.slice(0, cut).forEach((step) => play(store, step));
      const listed = store.list("things").filter(selects);
      const since = store.version;
      history.slice(cut).forEach((step) => play(store, step));
      const events: WatchEvent[] = [];

      await watch(store.log, { ...endedWatch, since, version: () => store.version }, (event) => events.push(event));

      expect(followed(listed, events)).toEqual(store.list("things").filter(selects));
    }),
  );
});

/** A watch whose reader has left already: it tells of the past and no more. */
const endedWatch = {
  resource: "things",
  selects,
  initial: [],
  timeoutMs: 1000,
  bookmark: undefined,
  announcesInitialEnd: false,
  clock: systemClock,
  signal: AbortSignal.abort(),
};

test("no two commits have the same version, and later ones have higher ones", () => {
  fc.assert(
    fc.property(histories, (history) => {
      const store = new Store();
      const versions: number[] = [];
      store.log.subscribe(({ version, object }) => {
        expect(object.metadata.resourceVersion).toBe(String(version));
        versions.push(version);
      });

      history.forEach((step) => play(store, step));

      expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    }),
  );
});

test("a merge patch applied twice is the same as once, and leaves its inputs as they are", () => {
  fc.assert(
    fc.property(plainObject, plainObject, (current, patch) => {
      const [currentText, patchText] = [JSON.stringify(current), JSON.stringify(patch)];

      const once = mergePatched(current, patch);
      const twice = mergePatched(once, patch);

      expect(isDeepStrictEqual(once, twice)).toBe(true);
      expect([JSON.stringify(current), JSON.stringify(patch)]).toEqual([currentText, patchText]);
    }),
  );
});

const schema: Structural = {
  type: "object",
  properties: {
    a: { type: "string", default: "x" },
    b: { type: "object", properties: { a: { type: "integer", default: 1 }, c: { type: "string", nullable: true } } },
    c: { type: "array", items: { type: "object", properties: { a: { type: "string", default: "y" } } } },
    d: { "x-kubernetes-preserve-unknown-fields": true, nullable: true },
  },
};

test("an object that has been shaped keeps its shape", () => {
  fc.assert(
    fc.property(plainObject, (object) => {
      const once = shape(object, schema).object;
      const again = shape(once, schema);

      expect(again.object).toEqual(once);
      expect(again.unknown).toEqual([]);
    }),
  );
});

test("what is owned survives being written as a tree and read again", () => {
  const path = fc
    .array(fc.stringMatching(/^(f|v):[a-z"]{1,4}$/), { minLength: 3, maxLength: 3 })
    .map((steps) => steps.join("\n"));

  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 8 }), (paths) => {
      expect(fromTree(toTree(paths)).toSorted()).toEqual(paths.toSorted());
    }),
  );
});
