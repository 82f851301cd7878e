// What the gateway is made of. main.ts hands it in; nothing here is looked up.
import type { Manifest } from "@stint/crds/manifest";

import type { Clock } from "../clock.ts";
import type { Acceptance, RegistrationCaller } from "../effects/accept-manifest.ts";
import type { Apply } from "../effects/apply.ts";
import type { Caches } from "../effects/caches.ts";
import type { Cluster } from "../effects/cluster.ts";
import type { Observer } from "../effects/observe.ts";
import type { PassPoint } from "../points.ts";
import type { Logger } from "../telemetry/logger.ts";

/** News about runs, from the informers. */
export interface RunEvents {
  /**
   * Calls `listener` whenever one of these runs, or a pod of theirs, may have changed in the cache.
   *
   * Keys are `namespace/name`, and need not exist yet. Returns the way to stop it.
   */
  subscribe(keys: readonly string[], listener: () => void): () => void;
}

/** Bounds on the tree of runs that a root may grow; 0 means unlimited (S127). */
export interface TreeLimits {
  /** The root stands at depth 1. */
  readonly treeDepth: number;
  /** Descendants of a root. */
  readonly treeSize: number;
}

/** What the routes need. */
export interface GatewayDeps {
  readonly cluster: Cluster;
  readonly caches: Caches;
  readonly observe: Observer;
  readonly apply: Apply;
  /** `acceptManifest` of effects/accept-manifest.ts, with what it needs. */
  readonly acceptManifest: (caller: RegistrationCaller, manifest: Manifest) => Promise<Acceptance>;
  readonly clock: Clock;
  readonly runEvents: RunEvents;
  readonly limits: TreeLimits;
  readonly logger: Logger;
  readonly point: PassPoint;
}
