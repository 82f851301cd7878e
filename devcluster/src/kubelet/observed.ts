// What the API holds, for those who look at all of it again and again.
//
//   O1. A change rings for a look, and carries nothing to it: every look starts from the present state.
//   O2. However often it is rung for, a look comes once; and not in the middle of the write that rang for it.
import type { Api, KubeObject } from "../api.ts";

/** The objects of one resource, kept up to date. */
export interface Observed<T> {
  /** In the order in which they appeared. */
  all(): readonly T[];
  stop(): void;
}

/** Follows one resource and rings after every change. */
export function observe<T extends KubeObject>(api: Api, resource: string, ring: () => void): Observed<T> {
  const objects = new Map<string, T>();
  const stop = api.watch<T>(resource, ({ type, object }) => {
    const { namespace = "", name } = object.metadata;
    if (type === "DELETED") objects.delete(`${namespace}/${name}`);
    else objects.set(`${namespace}/${name}`, object);
    ring();
  });
  return { all: () => [...objects.values()], stop };
}

/** Makes a bell out of a look (O2). */
export function doorbell(look: () => void): () => void {
  let isRung = false;
  return () => {
    if (isRung) return;
    isRung = true;
    queueMicrotask(() => {
      isRung = false;
      look();
    });
  };
}
