import type { Cluster, KubernetesObject, Resource, Selection } from "../effects/cluster.ts";
import { isApiError } from "../errors.ts";

/** Of 5,000 pods one page blocks the loop for 92 ms; pages of 500 for 9 ms each. */
const pageSize = 500;

export interface WholeList<C> {
  readonly items: readonly C[];
  readonly resourceVersion: string;
}

/**
 * Every selected object in one consistent state, page by page, each item passed through `keep` as it comes. A continue
 * token that has expired starts the list over, this time in one piece.
 */
export async function listAll<T extends KubernetesObject, C>(
  cluster: Cluster,
  resource: Resource<T>,
  { selection, keep, signal }: { selection: Selection; keep: (item: T) => C; signal: AbortSignal },
): Promise<WholeList<C>> {
  const items: C[] = [];
  let next: string | undefined;
  try {
    for (;;) {
      const more = next === undefined ? {} : { continue: next };
      const page = await cluster.list(resource, { ...selection, limit: pageSize, ...more, signal });
      for (const item of page.items) items.push(keep(item));
      if (page.continue === undefined) return { items, resourceVersion: page.resourceVersion };
      next = page.continue;
    }
  } catch (error) {
    if (next === undefined || !isApiError(error, "gone")) throw error;
    const whole = await cluster.list(resource, { ...selection, signal });
    return { items: whole.items.map(keep), resourceVersion: whole.resourceVersion };
  }
}
