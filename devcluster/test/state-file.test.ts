// What outlives the process when there is a file for it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { startDevcluster } from "../src/index.ts";
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
