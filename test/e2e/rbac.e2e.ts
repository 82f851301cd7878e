// The operator's rights are the least: what the chart grants is what was used, by all the scenarios before this file (which
// vitest.e2e.config.ts runs last), and nothing was asked for that is not granted. The API server's audit log is the witness.
import { beforeAll, describe, expect, test } from "vitest";

import { auditMark, inWords, operatorRequestsSince, type Request } from "./kit/audit.ts";
import { eventually, isOnDevcluster, kubectl, operatorNamespace } from "./kit/cluster.ts";
import { testOnRealCluster } from "./kit/scenario.ts";

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** One thing that may be done. */
interface Grant {
  readonly words: string;
  readonly isUse: (request: Request) => boolean;
}

const auditLog = "the API server's audit log";

// What a release does once in its life, or once a year.
beforeAll(async () => {
  if (isOnDevcluster) return;
  await replaceReplicas(() => remove("secret", "stint-gateway-ca"));
  await replaceReplicas(() => inOperatorNamespace("patch", "secret", "stint-gateway-ca", "-p", '{"data":null}'));
  const mark = auditMark();
  await remove("lease", "stint-operator");
  await eventually("a new lease", async () =>
    (await operatorRequestsSince(mark)).find((request) => inWords(request) === "create leases" && request.code === 201),
  );
});

describe("of all that the chart grants the operator", () => {
  testOnRealCluster(auditLog, "everything was used", async () => {
    const requests = await requestsOfAll();

    const unused = (await grants()).filter(({ isUse }) => !requests.some(isUse));

    expect(unused.map(({ words }) => words)).toEqual([]);
  });

  testOnRealCluster(auditLog, "nothing is missing: no request was forbidden", async () => {
    const forbidden = (await requestsOfAll()).filter(({ isAllowed }) => !isAllowed);

    expect([...new Set(forbidden.map((request) => `${inWords(request)} ${request.path}`))]).toEqual([]);
  });
});

test("a request that nobody made is not counted as used", () => {
  const [grant] = grantsOf({ apiGroups: [""], resources: ["secrets"], resourceNames: ["a"], verbs: ["get"] });
  const asker = { username: "operator", userAgent: "operator/1" };
  const request = {
    ...asker,
    group: "",
    subresource: undefined,
    namespace: "n",
    code: 200,
    path: "/",
    isAllowed: true,
  };

  const uses = [
    { ...request, verb: "get", resource: "secrets", name: "a" },
    { ...request, verb: "get", resource: "secrets", name: "b" },
    { ...request, verb: "list", resource: "secrets", name: "a" },
    { ...request, verb: "get", resource: "configmaps", name: "a" },
    { ...request, verb: "get", resource: "secrets", name: "a", isAllowed: false },
  ].map((asked) => grant?.isUse(asked));

  expect(uses).toEqual([true, false, false, false, false]);
});

/** Since `make e2e` began; on a cluster that was kept, and for this file alone, since the cluster began. */
function requestsOfAll(): Promise<Request[]> {
  return operatorRequestsSince(Number(process.env["STINT_AUDIT_MARK"] ?? 0));
}

async function grants(): Promise<Grant[]> {
  const roles = await Promise.all(
    ["clusterrole", "role"].map((kind) => inOperatorNamespace("get", kind, "stint-operator", "-o", "json")),
  );
  return roles.flatMap((text) => (JSON.parse(text) as { rules: Rule[] }).rules).flatMap(grantsOf); // a role of the chart's
}

function grantsOf({ apiGroups = [], resources = [], resourceNames, nonResourceURLs = [], verbs }: Rule): Grant[] {
  const objects = apiGroups.flatMap((group) => resources.map((resource) => ({ group, resource })));
  return verbs.flatMap((verb) => [
    ...nonResourceURLs.map((url) => ({
      words: `${verb} ${url}`,
      isUse: (request: Request) => request.isAllowed && request.verb === verb && request.path === url,
    })),
    ...objects.map(({ group, resource }) => ({
      words: `${verb} ${resource}${resourceNames ? ` ${resourceNames.join()}` : ""}`,
      isUse: (request: Request) =>
        request.isAllowed &&
        request.group === group &&
        inWords(request) === `${verb} ${resource}` &&
        (resourceNames?.includes(request.name) ?? true),
    })),
  ]);
}

/** Does something between the end of the old replicas and the start of new ones. */
async function replaceReplicas(change: () => Promise<unknown>): Promise<void> {
  const deployment = "deployment/stint-operator";
  const { replicas } = JSON.parse(await inOperatorNamespace("get", deployment, "-o", "jsonpath={.spec}")) as {
    replicas: number;
  };
  await inOperatorNamespace("scale", deployment, "--replicas=0");
  await inOperatorNamespace("wait", "--for=delete", "pods", "-l", "app.kubernetes.io/name=stint", "--timeout=60s");
  await change();
  await inOperatorNamespace("scale", deployment, `--replicas=${replicas}`);
  await inOperatorNamespace("rollout", "status", deployment, "--timeout=120s");
}

function remove(kind: string, name: string): Promise<string> {
  return inOperatorNamespace("delete", kind, name, "--ignore-not-found");
}

function inOperatorNamespace(...args: readonly string[]): Promise<string> {
  return kubectl(["-n", operatorNamespace, ...args]);
}
