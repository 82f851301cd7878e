// The port of the operator's gateway, kept in the cluster's state: pods that were made in an earlier life of the server and
// have not started yet bear it in their environment.
import type { LocalApi } from "@stint/devcluster";

import { operatorNamespace } from "./embedded.ts";

const ref = { namespace: operatorNamespace, name: "stint-dev" };

export interface OperatorPort {
  /** Of the earlier life, if there was one. */
  readonly before: number | undefined;
  keep(port: number): void;
}

export function operatorPort(api: LocalApi): OperatorPort {
  const data = api.get("configmaps", ref)?.["data"];
  const text = typeof data === "object" && data !== null && "gatewayPort" in data ? data.gatewayPort : undefined;
  return {
    before: text === undefined ? undefined : Number(text),
    keep(port) {
      const object = { metadata: ref, data: { gatewayPort: String(port) } };
      if (api.get("configmaps", ref)) api.update("configmaps", object);
      else api.create("configmaps", object);
    },
  };
}
