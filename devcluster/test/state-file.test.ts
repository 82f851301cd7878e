// What outlives the process when there is a file for it.
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import type { Api, Draft } from "../src/api.ts";
import { startDevcluster } from "../src/index.ts";
import type { Pod } from "../src/kubelet/pod.ts";
import { eventually } from "./contract/kit/cluster.ts";
import { aConfigMap } from "./contract/kit/objects.ts";
import { watched } from "./contract/kit/watching.ts";
import { aFolder, started } from "./started.ts";

const maps = "/api/v1/namespaces/default/configmaps";

test("objects keep their uid and version; watches from before begin anew", async () => {
  const dataFile = join(aFolder(), "state.json");
  const first = await startDevcluster({ nodes: false, dataFile });
  const created = first.api.create(
    "configmaps",
    aConfigMap({ name: "kept", metadata: { name: "kept", namespace: "default" } }),
  );
  await first.close();

  const { client } = await started({ dataFile });
  const { body } = await client.get(`${maps}/kept`);
  const [event] = await watched(client, `${maps}?watch=1&resourceVersion=1001&timeoutSeconds=5`, 1);

  expect(body.metadata).toMatchObject({ uid: created.metadata.uid, resourceVersion: created.metadata.resourceVersion });
  expect(event).toMatchObject({ type: "ERROR", object: { code: 410 } });
});

test("definitions serve their kinds again, and namespaces get the new authority's certificate", async () => {
  const dataFile = join(aFolder(), "state.json");
  const first = await startDevcluster({ nodes: false, dataFile });
  const before = first.api.get("configmaps", { namespace: "default", name: "kube-root-ca.crt" });
  await first.close();

  const { cluster } = await started({ dataFile });
  const after = cluster.api.get("configmaps", { namespace: "default", name: "kube-root-ca.crt" });

  expect(after?.metadata.uid).toBe(before?.metadata.uid);
  expect(after?.["data"]).not.toEqual(before?.["data"]);
});

test("a file that holds something else stops the start, by name", async () => {
  const dataFile = join(aFolder(), "state.json");
  writeFileSync(dataFile, "hello");

  await expect(startDevcluster({ nodes: false, dataFile })).rejects.toThrow(
    `read ${dataFile}: it holds no state of a devcluster`,
  );
});

describe("a pod that is in the file", () => {
  const images = (image: string) => (image === "local" ? {} : undefined);
  const aPod = (name: string, script: string, spec: object = {}): Draft => ({
    metadata: { name, namespace: "default" },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "main", image: "local", command: ["node", "-e", script] }],
      ...spec,
    },
  });
  const waits = "setInterval(() => {}, 1000)";

  /** What is in the file after a life of the cluster in which `name` became as wished. */
  async function aLife(pod: Draft, isWished: (pod: Pod) => boolean): Promise<string> {
    const dataFile = join(aFolder(), "state.json");
    const cluster = await startDevcluster({ nodes: { images }, dataFile });
    cluster.api.create("pods", pod);
    await until(cluster.api, isWished);
    await cluster.close();
    return dataFile;
  }

  /** The only pod, once it is as wished. */
  async function until(api: Api, isWished: (pod: Pod) => boolean): Promise<Pod> {
    const { promise, resolve } = Promise.withResolvers<Pod>();
    const stop = api.watch<Pod>("pods", ({ object }) => {
      if (isWished(object)) resolve(object);
    });
    return promise.finally(stop);
  }

  test("and ran when the cluster was closed has failed when it is back: its process is gone", async () => {
    const dataFile = await aLife(aPod("ran", waits), ({ status }) => status?.phase === "Running");

    const { cluster } = await started({ nodes: { images }, dataFile });
    const ended = await until(cluster.api, ({ status }) => status?.phase === "Failed");

    expect(ended.status?.containerStatuses?.[0]?.state.terminated).toMatchObject({
      exitCode: 137,
      reason: "ContainerStatusUnknown",
    });
  });

  test("and had ended keeps its end, and nothing is started for it", async () => {
    const dataFile = await aLife(aPod("ended", "process.exitCode = 3"), ({ status }) => status?.phase === "Failed");

    const { cluster } = await started({ nodes: { images }, dataFile });
    const kept = cluster.api.get<Pod>("pods", { namespace: "default", name: "ended" });
    cluster.api.delete("pods", { namespace: "default", name: "ended" });

    expect(kept?.status?.containerStatuses?.[0]?.state.terminated?.exitCode).toBe(3);
    expect(cluster.api.get("pods", { namespace: "default", name: "ended" })).toBeUndefined();
  });

  test("and waited for a node is placed and run", async () => {
    const dataFile = join(aFolder(), "state.json");
    const first = await startDevcluster({ nodes: false, dataFile });
    first.api.create("pods", aPod("waited", "console.log('here')"));
    await first.close();

    const { cluster } = await started({ nodes: { images }, dataFile });
    const ended = await until(cluster.api, ({ status }) => status?.phase === "Succeeded");

    expect(ended.spec.nodeName).toBe("local");
  });

  test("and was being deleted goes at last", async () => {
    const dataFile = await aLife(aPod("going", waits), ({ status }) => status?.phase === "Running");
    const offline = await startDevcluster({ nodes: false, dataFile });
    offline.api.delete("pods", { namespace: "default", name: "going" });
    await offline.close();

    const { cluster } = await started({ nodes: { images }, dataFile });

    const left = await eventually(
      async () => cluster.api.get("pods", { namespace: "default", name: "going" }),
      (pod) => pod === undefined,
    );
    expect(left).toBeUndefined();
  });
});

test("nobody else can read the file: Secrets are in it", async () => {
  const dataFile = join(aFolder(), "state.json");
  const cluster = await startDevcluster({ nodes: false, dataFile });
  await cluster.close();

  expect(statSync(dataFile).mode & 0o777).toBe(0o600);
});

test("a file that cannot be written stops the start, by name", async () => {
  const dataFile = join(aFolder(), "nowhere/state.json");

  await expect(startDevcluster({ nodes: false, dataFile })).rejects.toThrow(`write ${dataFile}: ENOENT`);
});
