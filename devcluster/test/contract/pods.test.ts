// Pods as the API server takes them; what becomes of them is the kubelet's business.
import { describe, expect, test } from "vitest";

import type { Answer, Body } from "./kit/client.ts";
import { useCluster } from "./kit/cluster.ts";
import { aName, aPod } from "./kit/objects.ts";
import { watched } from "./kit/watching.ts";

const cluster = useCluster();

async function created(spec: object = {}): Promise<{ body: Body; path: string }> {
  const { body } = await cluster.client.post(cluster.core("pods"), aPod({ spec }));
  return { body, path: `${cluster.core("pods")}/${body.metadata.name}` };
}

describe("a pod", () => {
  test("is born Pending, with the defaults that a kubelet relies on", async () => {
    const { body } = await created({ automountServiceAccountToken: false });

    expect(body.status).toMatchObject({ phase: "Pending", qosClass: "BestEffort" });
    expect(body.spec).toMatchObject({
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      serviceAccountName: "default",
      schedulerName: "default-scheduler",
      enableServiceLinks: true,
      priority: 0,
      containers: [
        {
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          imagePullPolicy: "IfNotPresent",
        },
      ],
    });
    expect(body.spec.volumes).toBeUndefined();
    expect(body.spec.tolerations.map((one: Body) => `${one.key} ${one.tolerationSeconds}`)).toEqual([
      "node.kubernetes.io/not-ready 300",
      "node.kubernetes.io/unreachable 300",
    ]);
  });

  test("gets the account's token unless it says no", async () => {
    const { body } = await created();

    const [volume] = body.spec.volumes;
    expect(volume.name).toMatch(/^kube-api-access/);
    expect(volume.projected.sources[0]).toEqual({ serviceAccountToken: { expirationSeconds: 3607, path: "token" } });
    expect(body.spec.containers[0].volumeMounts[0]).toMatchObject({
      readOnly: true,
      mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
    });
  });

  test("keeps its own tolerations of a lost node", async () => {
    const own = ["not-ready", "unreachable"].map((state) => ({
      key: `node.kubernetes.io/${state}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 30,
    }));

    const { body } = await created({ tolerations: own });

    expect(body.spec.tolerations).toEqual(own);
  });

  test("requests what it limits", async () => {
    const resources = { limits: { cpu: "100m", memory: "64Mi" } };

    const { body } = await created({ containers: [{ name: "main", image: "example.invalid/none:1", resources }] });

    expect(body.spec.containers[0].resources.requests).toEqual(resources.limits);
    expect(body.status.qosClass).toBe("Guaranteed");
  });

  test.each([
    { given: "no containers", spec: { containers: [] }, message: /spec\.containers: Required value/ },
    {
      given: "no image",
      spec: { containers: [{ name: "a" }] },
      message: /spec\.containers\[0\]\.image: Required value/,
    },
  ])("with $given is a 422", async ({ spec, message }) => {
    const { status, body } = await cluster.client.post(cluster.core("pods"), aPod({ spec }));

    expect(status).toBe(422);
    expect(body.message).toMatch(message);
  });

  test("of an account that is not there is a 403, in the words that clients look for", async () => {
    const name = aName();

    const { status, body } = await cluster.client.post(
      cluster.core("pods"),
      aPod({ name, spec: { serviceAccountName: "nobody" } }),
    );

    expect(status).toBe(403);
    expect(body.message).toBe(
      `pods "${name}" is forbidden: error looking up service account ${cluster.namespace}/nobody: serviceaccount "nobody" not found`,
    );
  });

  test("may not become another pod", async () => {
    const { path } = await created();

    const { status, body } = await cluster.client.merge(path, { spec: { restartPolicy: "Never" } });

    expect(status).toBe(422);
    expect(body.message).toMatch(
      /spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`/,
    );
  });

  test("is found by phase and node", async () => {
    const { body } = await created();
    const { name } = body.metadata;

    const pending = await cluster.client.get(
      `${cluster.core("pods")}?fieldSelector=status.phase%3DPending,metadata.name%3D${name}`,
    );
    const elsewhere = await cluster.client.get(
      `${cluster.core("pods")}?fieldSelector=spec.nodeName%3Dsomewhere,metadata.name%3D${name}`,
    );

    expect(pending.body.items).toHaveLength(1);
    expect(elsewhere.body.items).toHaveLength(0);
  });

  test("without logs has an empty or a refused log, and an unknown container is a 400", async () => {
    const { path } = await created();

    const unknown = await cluster.client.get(`${path}/log?container=other`);
    const missing = await cluster.client.get(`${cluster.core("pods")}/none/log`);

    expect(unknown.status).toBe(400);
    expect(unknown.body.message).toMatch(/^container other is not valid for pod /);
    expect(missing.status).toBe(404);
  });

  test("is evicted as politely as it is deleted, and says so in its conditions first", async () => {
    const { path, body } = await created();
    const { name, resourceVersion } = body.metadata;

    const { status } = await evicted(path, name);

    const events = await watched(
      cluster.client,
      `${cluster.core("pods")}?watch=1&resourceVersion=${resourceVersion}&fieldSelector=metadata.name%3D${name}&timeoutSeconds=1`,
      Infinity,
    );
    const [said, gone] = events.slice(-2); // before them, a scheduler may have said that it found no node
    expect(status).toBe(201);
    expect([said, gone].map((event) => event?.type)).toEqual(["MODIFIED", "DELETED"]);
    expect(disruptionOf(said?.object)).toMatchObject({
      status: "True",
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
    });
    expect((await cluster.client.get(path)).status).toBe(404);
  });

  test("is not evicted as another pod's namesake, nor to see what would happen, nor if there is none", async () => {
    const { path, body } = await created();
    const { name } = body.metadata;

    const namesake = await evicted(path, name, { preconditions: { uid: "0b8f2a34-1111-4a54-9a53-0d7a2b1f9f11" } });
    const dry = await evicted(path, name, { dryRun: ["All"] });
    const none = await evicted(`${cluster.core("pods")}/none`, "none");

    expect([namesake.status, dry.status, none.status]).toEqual([409, 201, 404]);
    expect(disruptionOf((await cluster.client.get(path)).body)).toBeUndefined();
  });
});

function evicted(path: string, name: string, deleteOptions?: object): Promise<Answer> {
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name }, deleteOptions };
  return cluster.client.post(`${path}/eviction`, eviction);
}

function disruptionOf(pod: Body): Body {
  return pod.status.conditions?.find(({ type }: Body) => type === "DisruptionTarget");
}

describe("an event", () => {
  test("written in one version is read in the other", async () => {
    const name = aName();
    const path = `/apis/events.k8s.io/v1/namespaces/${cluster.namespace}/events`;
    const regarding = { apiVersion: "v1", kind: "Pod", name: "some-pod", namespace: cluster.namespace, uid: "u" };
    const event = {
      metadata: { name },
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController: "example.dev/test",
      reportingInstance: "test-1",
      action: "Trying",
      reason: "Tried",
      type: "Normal",
      note: "it was tried",
      regarding,
    };

    const { status } = await cluster.client.post(path, event);
    const older = await cluster.client.get(`${cluster.core("events")}/${name}`);
    const found = await cluster.client.get(
      `${cluster.core("events")}?fieldSelector=involvedObject.name%3Dsome-pod,reason%3DTried`,
    );

    expect(status).toBe(201);
    expect(older.body).toMatchObject({
      kind: "Event",
      apiVersion: "v1",
      involvedObject: regarding,
      message: "it was tried",
      reason: "Tried",
    });
    expect(found.body.items.map((item: Body) => item.metadata.name)).toEqual([name]);
  });
});

describe("a Lease", () => {
  test("is held with six digits behind the second, and passes on under its version", async () => {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${cluster.namespace}/leases`;
    const spec = {
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      renewTime: "2026-01-01T00:00:00.123456Z",
      leaseTransitions: 0,
    };
    const { body } = await cluster.client.post(path, { metadata: { name: aName() }, spec });
    const own = `${path}/${body.metadata.name}`;

    const taken = await cluster.client.put(own, { ...body, spec: { ...spec, holderIdentity: "b" } });
    const late = await cluster.client.put(own, { ...body, spec: { ...spec, holderIdentity: "c" } });

    expect(body.spec).toEqual(spec);
    expect(taken.body.spec.holderIdentity).toBe("b");
    expect(late).toMatchObject({ status: 409, body: { reason: "Conflict" } });
  });
});
