// Which cluster is meant, and who we are to it: the SDK's answer (S283), unless the command names another.
import { EndpointError } from "@stint/sdk/client/endpoint-error";
import { findEndpoint, type Endpoint } from "@stint/sdk/client/endpoint";

import { Problem, usage } from "./problem.ts";

/** The options that every command has. */
export interface Place {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly local?: boolean;
  readonly namespace?: string;
}

/** Throws a {@link Problem} if no cluster is named, or the kubeconfig cannot be read. */
export async function endpointOf({ namespace, ...choice }: Place): Promise<Endpoint> {
  if (choice.local === true && (choice.kubeconfig ?? choice.context) !== undefined) {
    throw usage("--local is a cluster of its own", "Leave out --kubeconfig and --context, or --local.");
  }
  try {
    const endpoint = await findEndpoint(choice);
    return namespace === undefined ? endpoint : { ...endpoint, namespace };
  } catch (error) {
    if (error instanceof EndpointError) throw new Problem(error.message, error.remedy, { cause: error });
    const message = error instanceof Error ? error.message : String(error);
    throw new Problem(`find the cluster: ${message}`, "Set KUBECONFIG, or name a file with --kubeconfig.", {
      cause: error,
    });
  }
}
