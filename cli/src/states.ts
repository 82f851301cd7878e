// One object's states as they come: what waiting commands read.
//
//   W1. Every look starts from the present state: a watch that ended, for whatever reason, is followed by a get. States in
//       between may be missed, the last one is not.
//   W2. A watch that breaks is no failure, one that cannot be opened is.
import type { KubernetesObject } from "@stint/crds/kubernetes";

import type { Cluster } from "./cluster.ts";
import { isRefusal } from "./problem.ts";
import type { Resource } from "./resources.ts";

const watchSeconds = 290;
/** So that a server that ends every watch at once is not asked in a loop. */
const pauseMs = 250;

/**
 * The object's present state, then one for each change, without an end.
 *
 * Throws the API server's 404 if there is no such object, or no longer.
 */
export async function* statesOf<T extends KubernetesObject>(
  cluster: Cluster,
  resource: Resource<T>,
  name: string,
): AsyncGenerator<T, never, undefined> {
  for (;;) {
    const present = await cluster.get(resource, name);
    yield present;
    const { resourceVersion } = present.metadata;
    const lines = await cluster
      .watch(resource, name, { resourceVersion, timeoutSeconds: watchSeconds })
      .catch((error: unknown) => {
        if (isRefusal(error, 410)) return noLines(); // W1: the next get is not too old
        throw error;
      });
    yield* changesIn<T>(lines);
    await cluster.sleep(pauseMs);
  }
}

async function* changesIn<T>(lines: AsyncIterable<string>): AsyncGenerator<T, void, undefined> {
  for await (const line of unbroken(lines)) {
    const event = JSON.parse(line) as WatchEvent<T>; // the API server's own format
    if (event.type === "ERROR" || event.type === "DELETED") return; // the next get says what is there now
    if (event.type !== "BOOKMARK") yield event.object;
  }
}

/** W2. */
async function* unbroken(lines: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  try {
    yield* lines;
  } catch {
    // W2; an error thrown by whoever reads does not come here
  }
}

async function* noLines(): AsyncGenerator<string, void, undefined> {}

type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: T }
  | { readonly type: "ERROR"; readonly object: unknown };
