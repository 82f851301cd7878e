import type { Cluster } from "../cluster.ts";
import { isRefusal } from "../problem.ts";

/** What was found out about one thing that Stint needs. */
export interface Finding {
  /** The thing, in a word or two. */
  readonly about: string;
  /** `unknown`: we may not look, which does not mean that it is wrong. */
  readonly kind: "ok" | "failed" | "unknown";
  readonly message: string;
  /** What to do; for whatever is not ok. */
  readonly remedy?: string;
}

export type Check = (cluster: Cluster) => Promise<readonly Finding[]>;

export function ok(about: string, message: string): Finding {
  return { about, kind: "ok", message };
}

export function failed(about: string, message: string, remedy: string): Finding {
  return { about, kind: "failed", message, remedy };
}

/** What the check finds; `unknown` where the API server does not let us look. */
export async function permitted(about: string, check: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  return check().catch((error: unknown) => {
    if (!isRefusal(error, 403)) throw error;
    const remedy = "Ask somebody who may see the whole cluster to run `stint doctor`.";
    return [{ about, kind: "unknown", message: "you may not look", remedy }];
  });
}
