// The operator's rights are the least: what the chart grants is what was used since the roles are as they are, and nothing was
// asked for that is not granted. The API server's audit log is the witness. vitest.e2e.config.ts runs this file after all
// others; what they may not have used, because it is rare, is done here.
import { limits } from "@stint/crds/limits";
import { beforeAll, describe, expect, test } from "vitest";

import { auditMark, inWords, operatorRequestsSince, type Request } from "./kit/audit.ts";
import { createRun, eventually, isOnDevcluster, kubectl, operatorNamespace, runToEnd } from "./kit/cluster.ts";
import { prepareBundle } from "./kit/prepare.ts";
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

/** Granted, and used after minutes that nobody waits for here. */
const rare: Readonly<Record<string, string>> = {
  "list events": "asked once a volume has not mounted for 300 s (S70)",
};

beforeAll(async () => {
  if (isOnDevcluster) return;
  await prepareBundle();
  await Promise.all([useTrees(), outgrowRevisions(), fail(), beRemoved()]);
  await beginAnew();
}, 400_000);

describe("of all that the chart grants the operator", () => {
  testOnRealCluster(auditLog, "everything was used", async () => {
    const requests = await requestsOfAll();

    const unused = (await grants()).filter(({ words, isUse }) => !(words in rare) && !requests.some(isUse));

    expect(unused.map(({ words }) => words)).toEqual([]);
  });

  testOnRealCluster(auditLog, "nothing is missing: no request was forbidden", async () => {
    const forbidden = (await requestsOfAll()).filter(({ isAllowed }) => !isAllowed);

    expect([...new Set(forbidden.map((request) => `${inWords(request)} ${request.path}`))]).toEqual([]);
  });
});

test("a request that nobody made is not counted as used", () => {
  const [grant] = grantsOf({ apiGroups: [""], resources: ["secrets"], resourceNames: ["a"], verbs: ["get"] });
  const request = {
    at: new Date(),
    username: "operator",
    userAgent: "operator/1",
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

/** Children, a cancel of one, values that are yielded, the cache of a tree. */
async function useTrees(): Promise<void> {
  const runs = await Promise.all([
    runToEnd("streams", { task: "e2e/interrupts" }),
    runToEnd("caches", { task: "e2e/caches" }),
  ]);
  expect(runs.map(({ status }) => status?.result)).toEqual([
    ["first", "Canceled"],
    ["second", ["a"], []],
  ]);
}

/** One revision more than are kept (S257). */
async function outgrowRevisions(): Promise<void> {
  const revisions = limits.readyRevisionsKept + 1;
  for (let revision = 1; revision <= revisions; revision++) {
    const spec = {
      source: { inline: `import { task } from "@stint/sdk";\nexport const n = task("n", () => ${revision});` },
    };
    const bundle = { apiVersion: "stint.dev/v1alpha1", kind: "TaskBundle", metadata: { name: "grows" }, spec };
    await kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(bundle) });
    const isServed = `--for=jsonpath={.status.revision}=${revision}`;
    await kubectl(["wait", isServed, "taskbundle/grows", "--timeout=60s"]);
  }
  await eventually("the end of the oldest revision", async () => {
    const names = await kubectl(["get", "controllerrevisions", "-l", "stint.dev/bundle=grows", "-o", "name"]);
    return names.trim().split("\n").length < revisions ? names : undefined;
  });
}

/** A failure is told in an event. */
async function fail(): Promise<void> {
  await runToEnd("fails", { task: "e2e/fails", input: ["told"], retry: { maxRetries: 0 } });
}

async function beRemoved(): Promise<void> {
  await createRun("short", { task: "e2e/nothing", ttlSecondsAfterFinished: 0 });
  await kubectl(["wait", "--for=delete", "taskrun/short", "--timeout=90s"]);
}

/** What a release does once in its life, or once a year: its authority, and the lease. */
async function beginAnew(): Promise<void> {
  await replaceReplicas(() => remove("secret", "stint-gateway-ca"));
  await replaceReplicas(() => inOperatorNamespace("patch", "secret", "stint-gateway-ca", "-p", '{"data":null}'));
  const mark = auditMark();
  await remove("lease", "stint-operator");
  await eventually("a new lease", async () =>
    (await operatorRequestsSince(mark)).find((request) => inWords(request) === "create leases" && request.code === 201),
  );
}

interface Role {
  readonly metadata: { readonly managedFields: readonly { readonly time: string }[] };
  readonly rules: readonly Rule[];
}

/** What the roles of the chart say, as they are in the cluster. */
async function roles(): Promise<Role[]> {
  const read = (kind: string): Promise<string> =>
    inOperatorNamespace("get", kind, "stint-operator", "-o", "json", "--show-managed-fields");
  const texts = await Promise.all(["clusterrole", "role"].map(read));
  return texts.map((text) => JSON.parse(text) as Role); // the chart's own
}

async function grants(): Promise<Grant[]> {
  return (await roles()).flatMap(({ rules }) => rules).flatMap(grantsOf);
}

/** Since the roles were last changed: what other rights have led to says nothing about these. */
async function requestsOfAll(): Promise<Request[]> {
  const changes = (await roles()).flatMap(({ metadata }) => metadata.managedFields.map(({ time }) => Date.parse(time)));
  return (await operatorRequestsSince(0)).filter(({ at }) => at.getTime() >= Math.max(...changes));
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
