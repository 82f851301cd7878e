// No process outlives what started it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import type { PodCondition } from "../../src/kubelet/pod.ts";
import { aCluster, firstWords, isOver, isRunning, namespace, script, sleeper, stubborn } from "./cluster.ts";

const parent = `
  const child = require('child_process').spawn('node', ['-e', 'setInterval(() => {}, 1000)']);
  console.log([process.pid, child.pid].join());
  setInterval(() => {}, 1000);`;

test("closing leaves no process of any pod, nor of what they have started", async () => {
  const cluster = await aCluster();
  cluster.create({ containers: [script(parent)] });
  cluster.create({ containers: [stubborn] }, "stubborn");
  const pids = (await firstWords(cluster)).trim().split(",").map(Number);
  await firstWords(cluster, "stubborn");

  await cluster.nodes.close();

  expect(pids).toHaveLength(2);
  await expect(untilGone(pids)).resolves.toBe("gone");
});

test("a container takes with it what it has started", async () => {
  const cluster = await aCluster();
  cluster.create({ containers: [script(`${parent} setTimeout(() => process.exit(0), 50)`)] });
  const pids = (await firstWords(cluster)).trim().split(",").map(Number);

  await cluster.until(isOver);

  await expect(untilGone(pids)).resolves.toBe("gone");
});

test.each(["process.exit(0)", "process.kill(process.pid, 'SIGKILL')"])(
  "a process that ends by %s takes with it what it has not closed, files too",
  async (end) => {
    const folder = mkdtempSync(join(tmpdir(), "devcluster-test-"));
    writeFileSync(join(folder, "of a pod"), "");
    const from = (file: string) => JSON.stringify(new URL(`../../src/kubelet/${file}`, import.meta.url).href);
    const start = `
      const { startGroup } = await import(${from("process-group.ts")});
      const { Reaper } = await import(${from("reaper.ts")});
      const sleeper = { command: ['node', '-e', 'setInterval(() => {}, 1000)'], env: process.env, workingDir: '/' };
      process.stdout.write(String((await startGroup(sleeper, () => {}, new Reaper(${JSON.stringify(folder)}))).id), () => ${end});`;

    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", start], { encoding: "utf8" });
    const id = Number(stdout);

    expect(id).toBeGreaterThan(1);
    await expect(untilGone([id])).resolves.toBe("gone");
    while (existsSync(folder)) await setImmediate();
  },
);

test("a pod that is removed without grace loses its processes too", async () => {
  const cluster = await aCluster();
  cluster.create({ containers: [script(parent)] });
  const pids = (await firstWords(cluster)).trim().split(",").map(Number);

  cluster.api.delete("pods", { namespace, name: "main" }, { gracePeriodSeconds: 0 });

  await expect(untilGone(pids)).resolves.toBe("gone");
});

test("a node that was switched off has lost its processes, and their end is nobody's news", async () => {
  const cluster = await aCluster();
  cluster.create({ containers: [script(parent)] });
  const pids = (await firstWords(cluster)).trim().split(",").map(Number);

  cluster.nodes.loseNode("local", "powerOff");
  cluster.nodes.healNode("local");
  const pod = await cluster.until(isOver);
  await untilGone(pids);
  cluster.create({ containers: [script("")] }, "later");
  await cluster.until(isOver, "later"); // by then this process has heard of those that ended before

  expect(cluster.api.get("pods", { namespace, name: "main" })).toEqual(pod);
});

test("a pod that is removed while its program is being started leaves no process", async () => {
  const cluster = await aCluster();
  cluster.create({ containers: [stubborn] });
  await cluster.until((pod) => pod.status?.conditions?.some(isSandboxReady) === true);
  cluster.api.delete("pods", { namespace, name: "main" }, { gracePeriodSeconds: 0 });

  await cluster.nodes.close();

  expect(cluster.api.list("pods")).toEqual([]);
});

test("a pod that was created again under its name is another pod", async () => {
  const cluster = await aCluster();
  cluster.create({ containers: [script(parent)] });
  const pids = (await firstWords(cluster)).trim().split(",").map(Number);

  cluster.api.delete("pods", { namespace, name: "main" }, { gracePeriodSeconds: 0 });
  const { metadata } = cluster.create({ containers: [sleeper] });
  const pod = await cluster.until(isRunning);

  expect(pod.metadata.uid).toBe(metadata.uid);
  await expect(untilGone(pids)).resolves.toBe("gone");
});

function isSandboxReady({ type, status }: PodCondition): boolean {
  return type === "PodReadyToStartContainers" && status === "True";
}

/** The kernel needs a moment to end what has been killed; a test that waits too long has found one that lives. */
async function untilGone(pids: readonly number[]): Promise<"gone"> {
  while (pids.some(isAlive)) await setImmediate();
  return "gone";
}

/** A zombie is dead: whoever inherits it has not looked yet. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
