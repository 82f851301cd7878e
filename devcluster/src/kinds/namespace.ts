// A namespace: Active, then Terminating until nothing is left in it. Emptying it is the work of namespaces.ts.
import type { Draft, KubeObject } from "../api.ts";
import { list, plain } from "../json.ts";
import type { KindRules } from "../kind-rules.ts";

export const namespaceRules: KindRules = {
  prepare: (draft: Draft) => ({
    ...draft,
    metadata: {
      ...draft.metadata,
      labels: { ...draft.metadata.labels, "kubernetes.io/metadata.name": draft.metadata.name ?? "" },
    },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  }),
  revise: (next: KubeObject, before: KubeObject) => {
    const isTerminating = next.metadata.deletionTimestamp !== undefined;
    return {
      ...next,
      spec: next["spec"] ?? before["spec"],
      status: { ...plain(next["status"]), phase: isTerminating ? "Terminating" : "Active" },
    };
  },
  isHeld: ({ spec }: KubeObject) => list(plain(spec)["finalizers"]).length > 0,
};
