// Whom runs may reach, rule by rule (S297).
import { expect, test } from "vitest";

import { rendered, type Manifest } from "./kit/helm.ts";

interface Policy extends Manifest {
  readonly kind: "NetworkPolicy";
  readonly spec: { readonly egress: readonly object[] };
}

test("there are none unless namespaces are named", async () => {
  expect(await rendered("NetworkPolicy")).toEqual([]);
});

test("each named namespace has one: nobody in, and out everywhere but to the cloud's metadata", async () => {
  const policies = await rendered<Policy>("NetworkPolicy", { runNamespaces: ["team-a", "team-b"] });

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

test("strict: the gateway and DNS, and nothing else", async () => {
  const [policy] = await rendered<Policy>("NetworkPolicy", { runNamespaces: ["team-a"], network: { strict: true } });

  expect(policy?.spec.egress).toEqual([
    {
      to: [
        {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "stint-system" } },
          podSelector: { matchLabels: { "app.kubernetes.io/name": "stint", "app.kubernetes.io/instance": "stint" } },
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
