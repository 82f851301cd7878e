// What the chart makes of its values, rule by rule; the API server says whether it would take it.
import { execFileSync } from "node:child_process";

import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

import { kubectl } from "./kit/cluster.ts";

interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly podSelector: { readonly matchExpressions: readonly object[] };
    readonly policyTypes: readonly string[];
    readonly ingress: readonly object[];
    readonly egress: readonly object[];
  };
}

/** The chart's objects of that kind, with values as for `--set`. */
function rendered<T>(kind: string, ...values: readonly string[]): T[] {
  const sets = values.flatMap((value) => ["--set", value]);
  const text = execFileSync("helm", ["template", "stint", "helm", "-n", "stint-system", ...sets], { encoding: "utf8" });
  return parseAllDocuments(text)
    .map((document) => document.toJS() as { readonly kind?: string } | null)
    .filter((object) => object?.kind === kind) as unknown as T[];
}

describe("network policies (S297)", () => {
  test("there are none unless namespaces are named", () => {
    expect(rendered("NetworkPolicy")).toEqual([]);
  });

  test("each named namespace has one: nobody in, and out everywhere but to the cloud's metadata", () => {
    const policies = rendered<Policy>("NetworkPolicy", "runNamespaces={team-a,team-b}");

    expect(policies.map(({ metadata }) => metadata.namespace)).toEqual(["team-a", "team-b"]);
    expect(policies[0]?.spec).toEqual({
      podSelector: {
        matchExpressions: [{ key: "stint.dev/component", operator: "In", values: ["attempt", "registration"] }],
      },
      policyTypes: ["Ingress", "Egress"],
      ingress: [],
      egress: [
        {
          to: [
            { namespaceSelector: {} },
            { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.169.254/32"] } },
            { ipBlock: { cidr: "::/0" } },
          ],
        },
      ],
    });
  });

  test("strict: the gateway and DNS, and nothing else", () => {
    const [policy] = rendered<Policy>("NetworkPolicy", "runNamespaces={team-a}", "network.strict=true");

    expect(policy?.spec.egress).toEqual([
      {
        to: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "stint-system" } },
            podSelector: {
              matchLabels: { "app.kubernetes.io/name": "stint", "app.kubernetes.io/instance": "stint" },
            },
          },
        ],
        ports: [{ protocol: "TCP", port: "gateway" }],
      },
      {
        ports: [
          { protocol: "UDP", port: 53 },
          { protocol: "TCP", port: 53 },
        ],
      },
    ]);
  });

  test.each(["false", "true"])("the API server takes them, strict: %s", async (strict) => {
    const policies = rendered("NetworkPolicy", "runNamespaces={default}", `network.strict=${strict}`);

    const answer = await kubectl(["-n", "default", "apply", "--dry-run=server", "-f", "-"], {
      stdin: JSON.stringify({ apiVersion: "v1", kind: "List", items: policies }),
    });

    expect(answer).toContain("networkpolicy.networking.k8s.io/stint-attempts created (server dry run)");
  });
});
