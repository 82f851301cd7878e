// How objects go: at once, with their finalizers, with their owners, with their namespace.
import { describe, expect, test } from "vitest";

import type { Body } from "./kit/client.ts";
import { eventually, useCluster } from "./kit/cluster.ts";
import { aConfigMap, aName, aPod, aWidget } from "./kit/objects.ts";

const cluster = useCluster();

async function created(metadata: object = {}): Promise<{ body: Body; path: string }> {
  const { body } = await cluster.client.post(cluster.widgets, aWidget({ metadata }));
  return { body, path: `${cluster.widgets}/${body.metadata.name}` };
}

function ownedBy({ metadata, kind, apiVersion }: Body, more: object = {}): object {
  return { ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, ...more }] };
}

const isGone = ({ status }: { status: number }): boolean => status === 404;

describe("a delete", () => {
  test("answers with what is gone", async () => {
    const { body, path } = await created();

    const deleted = await cluster.client.delete(path);

    const { name, uid } = body.metadata;
    expect(deleted.status).toBe(200);
    expect(deleted.body).toMatchObject({
      kind: "Status",
      status: "Success",
      details: { name, uid, group: "contract.example.dev", kind: "widgets" },
    });
    expect((await cluster.client.get(path)).status).toBe(404);
    expect((await cluster.client.delete(path)).status).toBe(404);
  });

  test("of another uid or version is a 409 Conflict that names both", async () => {
    const { body, path } = await created();

    const uid = await cluster.client.delete(path, { preconditions: { uid: "other" } });
    const version = await cluster.client.delete(path, { preconditions: { resourceVersion: "1" } });
    const both = await cluster.client.delete(path, { preconditions: { uid: body.metadata.uid } });

    const { name } = body.metadata;
    expect(uid).toMatchObject({ status: 409, body: { reason: "Conflict" } });
    expect(uid.body.message).toBe(
      `Operation cannot be fulfilled on Widget.contract.example.dev "${name}": the UID in the precondition (other) does not match the UID in record (${body.metadata.uid}). The object might have been deleted and then recreated`,
    );
    expect(version).toMatchObject({ status: 409, body: { reason: "Conflict" } });
    expect(both.status).toBe(200);
  });

  test("of a collection takes what the selector finds", async () => {
    await created({ labels: { doomed: "yes" } });
    const { path } = await created();

    const { status } = await cluster.client.delete(`${cluster.widgets}?labelSelector=doomed`);

    expect(status).toBe(200);
    expect((await cluster.client.get(`${cluster.widgets}?labelSelector=doomed`)).body.items).toEqual([]);
    expect((await cluster.client.get(path)).status).toBe(200);
  });
});

describe("a finalizer", () => {
  test("holds a deleted object, which then takes no new one, until it is taken off", async () => {
    const { path } = await created({ finalizers: ["example.dev/held"] });

    const deleted = await cluster.client.delete(path);
    const added = await cluster.client.merge(path, {
      metadata: { finalizers: ["example.dev/held", "example.dev/more"] },
    });
    const taken = await cluster.client.merge(path, { metadata: { finalizers: null } });

    expect(deleted.body.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, generation: 2 });
    expect(deleted.body.metadata.deletionTimestamp).toBeDefined();
    expect(added.status).toBe(422);
    expect(added.body.message).toMatch(
      /metadata\.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"example\.dev\/more"\}/,
    );
    expect(taken.status).toBe(200);
    expect((await cluster.client.get(path)).status).toBe(404);
  });
});

describe("garbage collection", () => {
  test("takes what a deleted owner leaves behind", async () => {
    const owner = await created();
    const dependent = await created(ownedBy(owner.body));

    await cluster.client.delete(owner.path);

    expect((await eventually(() => cluster.client.get(dependent.path), isGone)).status).toBe(404);
  });

  test("knows an owner by its uid: one made again under the name is another", async () => {
    const owner = await created();
    const dependent = await created({
      ownerReferences: [
        {
          apiVersion: "contract.example.dev/v1",
          kind: "Widget",
          name: owner.body.metadata.name,
          uid: "8d0e3f0e-0000-4000-8000-000000000000",
        },
      ],
    });

    expect((await eventually(() => cluster.client.get(dependent.path), isGone)).status).toBe(404);
    expect((await cluster.client.get(owner.path)).status).toBe(200);
  });

  test("with propagation Orphan leaves the dependents, without their owner", async () => {
    const owner = await created();
    const dependent = await created(ownedBy(owner.body));

    await cluster.client.delete(owner.path, { propagationPolicy: "Orphan" });
    await eventually(() => cluster.client.get(owner.path), isGone);
    const { status, body } = await cluster.client.get(dependent.path);

    expect(status).toBe(200);
    expect(body.metadata.ownerReferences).toBeUndefined();
  });

  test("with propagation Foreground takes the dependents first", async () => {
    const owner = await created();
    const dependent = await created({
      ...ownedBy(owner.body, { blockOwnerDeletion: true }),
      finalizers: ["example.dev/held"],
    });

    const deleted = await cluster.client.delete(owner.path, { propagationPolicy: "Foreground" });
    await eventually(
      () => cluster.client.get(dependent.path),
      ({ body }) => body.metadata.deletionTimestamp !== undefined,
    );
    const waiting = await cluster.client.get(owner.path);
    await cluster.client.merge(dependent.path, { metadata: { finalizers: null } });

    expect(deleted.body.metadata.finalizers).toEqual(["foregroundDeletion"]);
    expect(waiting.status).toBe(200);
    expect((await eventually(() => cluster.client.get(owner.path), isGone)).status).toBe(404);
  });
});

describe("a pod that no node has", () => {
  test("goes at once, and the answer is the pod", async () => {
    const { body } = await cluster.client.post(cluster.core("pods"), aPod());
    const path = `${cluster.core("pods")}/${body.metadata.name}`;

    const deleted = await cluster.client.delete(path);

    expect(deleted.body).toMatchObject({ kind: "Pod", metadata: { uid: body.metadata.uid } });
    expect((await cluster.client.get(path)).status).toBe(404);
  });
});

describe("a namespace", () => {
  test("is emptied before it goes, and takes nothing new meanwhile", async () => {
    const name = `contract-${aName()}`;
    await cluster.client.post("/api/v1/namespaces", { metadata: { name } });
    const maps = `/api/v1/namespaces/${name}/configmaps`;
    await cluster.client.post(
      maps,
      aConfigMap({ name: "held", metadata: { name: "held", finalizers: ["example.dev/held"] } }),
    );

    const deleted = await cluster.client.delete(`/api/v1/namespaces/${name}`);
    await eventually(
      () => cluster.client.get(`${maps}/held`),
      ({ body }) => body.metadata.deletionTimestamp !== undefined,
    );
    const refused = await cluster.client.post(maps, aConfigMap({ name: "late" }));
    await cluster.client.merge(`${maps}/held`, { metadata: { finalizers: null } });

    expect(deleted.body.status.phase).toBe("Terminating");
    expect(refused.status).toBe(403);
    expect(refused.body.message).toBe(
      `configmaps "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
    );
    expect(refused.body.details.causes).toEqual([
      { reason: "NamespaceTerminating", message: `namespace ${name} is being terminated`, field: "metadata.namespace" },
    ]);
    const gone = await eventually(() => cluster.client.get(`/api/v1/namespaces/${name}`), isGone);
    expect(gone.status).toBe(404);
  });

  test("is born with a ServiceAccount, the authority's certificate and its own name as a label", async () => {
    const certificate = await eventually(
      () => cluster.client.get(`${cluster.core("configmaps")}/kube-root-ca.crt`),
      ({ status }) => status === 200,
    );
    const { body } = await cluster.client.get(`/api/v1/namespaces/${cluster.namespace}`);

    expect(certificate.body.data["ca.crt"]).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(body).toMatchObject({
      metadata: { labels: { "kubernetes.io/metadata.name": cluster.namespace } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
  });
});
