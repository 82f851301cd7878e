// Where a deployed generation of a bundle stands.
import { Ready } from "@stint/crds/conditions";
import type { TaskBundle } from "@stint/crds/taskbundle";

export type Standing =
  | { readonly kind: "Ready"; readonly revision: number }
  | { readonly kind: "Failed"; readonly reason: string; readonly message: string }
  | { readonly kind: "Waiting"; readonly message: string };

/** How the operator has judged this generation of the spec, if it has: what it said of an earlier one says nothing. */
export function standingOf({ status = {} }: TaskBundle, generation: number): Standing {
  const ready = status.conditions?.find(({ type }) => type === Ready);
  if (!ready || (ready.observedGeneration ?? 0) < generation) {
    return { kind: "Waiting", message: "waiting for the operator" };
  }
  const { reason, message } = ready;
  switch (ready.status) {
    case "True":
      return { kind: "Ready", revision: status.revision ?? 0 };
    case "False":
      return { kind: "Failed", reason, message };
    case "Unknown":
      return { kind: "Waiting", message };
  }
}

/** What is wrong with it, and who serves meanwhile. */
export function failureOf(
  { metadata, status = {} }: TaskBundle,
  { reason, message }: { readonly reason: string; readonly message: string },
): { readonly what: string; readonly serving: string } {
  const { revision } = status;
  const serving = revision === undefined ? "No revision serves yet." : `Revision ${revision} goes on serving.`;
  return { what: `bundle ${metadata.name} is not Ready: ${reason}: ${message}`, serving };
}
