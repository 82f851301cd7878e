// A pod that really runs, seen through HTTP alone.
import { dirname } from "node:path";

import { expect, test } from "vitest";

import { eventually } from "./contract/kit/cluster.ts";
import { started } from "./started.ts";

const pods = "/api/v1/namespaces/default/pods";
const images = (image: string) => (image === "local" ? { env: { PATH: dirname(process.execPath) } } : undefined);

function aPod(script: string): object {
  const containers = [{ name: "main", image: "local", command: ["node", "-e", script] }];
  return { metadata: { name: "a" }, spec: { restartPolicy: "Never", automountServiceAccountToken: false, containers } };
}

test("its log can be followed to the end, and read again by its last lines", async () => {
  const { client } = await started({ nodes: { images } });
  await client.post(pods, aPod("console.log('one'); console.log('two'); process.exitCode = 3"));
  await eventually(
    () => client.get(`${pods}/a`),
    ({ body }) => body.status.phase !== "Pending",
  );

  const followed = await client.get(`${pods}/a/log?follow=true`);
  const ended = await eventually(
    () => client.get(`${pods}/a`),
    ({ body }) => body.status.phase === "Failed",
  );
  const tail = await client.get(`${pods}/a/log?tailLines=1`);

  expect(followed.body).toBe("one\ntwo\n");
  expect(ended.body.status.containerStatuses[0].state.terminated.exitCode).toBe(3);
  expect(tail.body).toBe("two\n");
});

test("who starts the cluster hears what containers write, as they write it", async () => {
  const { promise: heard, resolve } = Promise.withResolvers<readonly string[]>();
  const { client } = await started({
    nodes: {
      images,
      onOutput: (pod, container, chunk) => resolve([pod.metadata.name, container, chunk.toString()]),
    },
  });

  await client.post(pods, aPod("console.log('one'); setInterval(() => {}, 1000)"));

  expect(await heard).toEqual(["a", "main", "one\n"]);
});
