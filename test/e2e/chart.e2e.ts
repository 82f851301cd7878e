// What an API server says to what the chart makes.
import { expect, test } from "vitest";

import { rendered } from "../chart/kit/helm.ts";
import { kubectl } from "./kit/cluster.ts";

test.each([false, true])("the API server takes the network policies (S297), strict: %s", async (strict) => {
  const policies = await rendered("NetworkPolicy", { runNamespaces: ["default"], network: { strict } });

  const answer = await kubectl(["-n", "default", "apply", "--dry-run=server", "-f", "-"], {
    stdin: JSON.stringify({ apiVersion: "v1", kind: "List", items: policies }),
  });

  expect(answer).toContain("networkpolicy.networking.k8s.io/stint-attempts created (server dry run)");
});
