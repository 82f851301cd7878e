import type { Api } from "./api.ts";
import type { Clock } from "./clock.ts";
import type { Objects } from "./objects.ts";
import type { Pages } from "./pages.ts";
import type { PodLogs } from "./pod-logs.ts";
import type { Registry } from "./registry.ts";
import type { Store } from "./store.ts";
import type { Tokens } from "./tokens.ts";

/** All that a request may need: the parts of one running cluster. */
export interface ClusterState {
  readonly store: Store;
  readonly registry: Registry;
  readonly objects: Objects;
  readonly pages: Pages;
  readonly tokens: Tokens;
  readonly clock: Clock;
  /** The same objects, for what is done in this process and over HTTP alike. */
  readonly api: Api;
  /** Of the kubelets; without nodes nobody has any. */
  readonly logs?: PodLogs;
}
