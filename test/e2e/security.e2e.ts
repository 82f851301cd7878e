// What a run has no power to do, tried from inside a pod and with the tokens that a cluster makes. docs/security.md says
// which threat each of these answers.
import { beforeAll, describe, expect, test } from "vitest";

import {
  createBundle,
  createRun,
  eventually,
  finished,
  getRun,
  kubectl,
  namespace,
  podsOf,
  reason,
  runToEnd,
} from "./kit/cluster.ts";
import { operatorLog } from "./kit/logs.ts";
import { addBundle, prepareNamespace } from "./kit/prepare.ts";
import { scenario, testOnRealCluster } from "./kit/scenario.ts";

const literal = "literal-9f2c41d7";
const fromSecret = "secret-c0ffee5a17";
const ours = "stint";

beforeAll(async () => {
  await prepareNamespace();
  await kubectl(["create", "secret", "generic", "keys", `--from-literal=FROM_SECRET=${fromSecret}`]);
  await addBundle("intruder", "intruder.ts", {
    env: [{ name: "LITERAL", value: literal }],
    envFrom: [{ secretRef: { name: "keys" } }],
  });
});

describe("the token of a pod", () => {
  scenario("is good for its own attempt as long as that lives, and for nothing else", ["victim", "shows"], async () => {
    const pod = await waiting("victim");
    await kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(aPodOfNoRun("bystander")) });
    const tokens = await Promise.all([
      tokenOf(pod, { audience: ours }),
      tokenOf(pod, {}), // of the Kubernetes API's audience
      tokenOf("bystander", { audience: ours }),
      tokenOf(undefined, { audience: ours }), // of nobody but the ServiceAccount
    ]);

    const during = await runToEnd("shows", { task: "intruder/shows", input: [tokens] });
    await cancel("victim");
    const after = await runToEnd("shows-after", { task: "intruder/shows", input: [tokens.slice(0, 1)] });

    expect(during.status?.result).toEqual([200, 401, 409, 401]);
    expect(after.status?.result).toEqual([409]);
  });

  scenario("says nothing about runs that its own did not start", ["bystanding", "meddles"], async () => {
    await waiting("bystanding");

    const run = await runToEnd("meddles", { task: "intruder/meddles", input: ["bystanding"] });
    const { spec } = await getRun("bystanding");
    await cancel("bystanding");

    expect(run.status?.result).toEqual([404, 404]);
    expect(spec).not.toHaveProperty("cancel");
    expect(spec).not.toHaveProperty("rerun");
  });

  test("is none that the Kubernetes API would take", async () => {
    const pod = await waiting("reviewed");
    const review = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token: await tokenOf(pod, { audience: ours }) },
    };

    const answer = await kubectl(["create", "-f", "-", "-o", "json"], { stdin: JSON.stringify(review) });
    await cancel("reviewed");

    expect(JSON.parse(answer)).toMatchObject({ status: { error: expect.any(String) } });
    expect(JSON.parse(answer)).not.toMatchObject({ status: { authenticated: true } });
  });

  scenario.onRealCluster("an API server that pods reach", "is the only one in the pod", ["credentials"], async () => {
    const run = await runToEnd("credentials", { task: "intruder/credentials" });

    expect(run.status?.result).toEqual({ isMounted: false, answer: 401 });
  });
});

testOnRealCluster("Pod Security admission", "runs go where the restricted profile is enforced", async () => {
  const privileged = {
    ...aPodOfNoRun("privileged"),
    spec: { containers: [{ name: "a", image: "a", securityContext: { privileged: true } }] },
  };

  const refused = kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(privileged) });
  await expect(refused).rejects.toThrow('violates PodSecurity "restricted:latest"');

  const run = await runToEnd("restricted", { task: "intruder/keeps" });
  expect(run.status?.phase).toBe("Succeeded");
});

describe("a podTemplate that asks for more than is allowed is refused, and the field is named (S291)", () => {
  test.each<[name: string, podTemplate: object, path: string]>([
    ["privileged", { spec: { containers: [{ securityContext: { privileged: true } }] } }, "spec.containers"],
    ["root", { spec: { securityContext: { runAsUser: 0 } } }, "spec.securityContext"],
    ["host-path", { spec: { volumes: [{ name: "root", hostPath: { path: "/" } }] } }, "spec.volumes[0].hostPath"],
    ["host-network", { spec: { hostNetwork: true } }, "spec.hostNetwork"],
    ["host-pid", { spec: { hostPID: true } }, "spec.hostPID"],
    ["account", { spec: { serviceAccountName: "admin" } }, "spec.serviceAccountName"],
    ["token", { spec: { automountServiceAccountToken: true } }, "spec.automountServiceAccountToken"],
    ["node", { spec: { nodeName: "control-plane" } }, "spec.nodeName"],
  ])("%s", async (name, podTemplate, path) => {
    await createBundle(name, { source: { inline: "" }, podTemplate });

    await kubectl(["wait", "--for=condition=Ready=False", `taskbundle/${name}`, "--timeout=60s"]);
    const status = await kubectl(["get", "taskbundle", name, "-o", "jsonpath={.status.conditions}"]);

    expect(JSON.parse(status)).toContainEqual(
      expect.objectContaining({
        type: "Ready",
        status: "False",
        reason: "InvalidPodTemplate",
        message: `spec.podTemplate.${path} is not allowed`,
      }),
    );
  });
});

scenario("what a run is given in secret stands in no log of ours and in no event", ["keeps", "fails"], async () => {
  const keeps = await runToEnd("keeps", { task: "intruder/keeps" });
  await runToEnd("fails", { task: "intruder/keeps-and-fails" });
  const pod = await waiting("watched");
  const token = await tokenOf(pod, { audience: ours });
  await cancel("watched");

  const log = await operatorLog();
  const events = await eventually("the event of the failure", async () => {
    const text = await kubectl(["get", "events", "-o", "yaml"]);
    return text.includes("failed with keeps") ? text : undefined;
  });

  expect(keeps.status?.result).toEqual([literal.length, fromSecret.length, true]);
  expect(log).toContain(`${namespace}/keeps`);
  const secrets = { literal, fromSecret, base64: btoa(fromSecret), claims: token.split(".")[1] ?? "" };
  const told = Object.entries(secrets).filter(([, secret]) => log.includes(secret) || events.includes(secret));
  expect(told).toEqual([]);
});

/** A run that lives until it is canceled; answers the name of its pod. */
async function waiting(run: string): Promise<string> {
  await createRun(run, { task: "intruder/waits" });
  await reason(run, "AttemptRunning");
  const [pod] = await podsOf(run);
  return pod?.metadata?.name ?? "";
}

async function cancel(run: string): Promise<void> {
  await kubectl(["patch", "taskrun", run, "--type=merge", "-p", JSON.stringify({ spec: { cancel: true } })]);
  await finished(run);
}

/** A token as the kubelet asks the API server for it. */
function tokenOf(pod: string | undefined, { audience }: { audience?: string }): Promise<string> {
  const bound = pod === undefined ? [] : ["--bound-object-kind=Pod", `--bound-object-name=${pod}`];
  const meant = audience === undefined ? [] : [`--audience=${audience}`];
  return kubectl(["create", "token", "default", ...meant, ...bound]).then((text) => text.trim());
}

/** A pod that anybody may make, and that no node has room for. */
function aPodOfNoRun(name: string): { readonly spec: object } & Record<string, unknown> {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      nodeSelector: { "stint.dev/nowhere": "true" },
      securityContext: { runAsNonRoot: true, runAsUser: 1, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "a",
          image: "a",
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  };
}
