// The operator dies at every write of a bundle's registration, before the write and after it, and is started anew. The way
// there may differ; where it ends may not.
import { expect, test } from "vitest";

import type { Resource } from "../../src/effects/cluster.ts";
import { configMaps, controllerRevisions, pods, taskBundles } from "../../src/effects/resources.ts";
import type { Call } from "../fakes/cluster.ts";
import { BundleBox } from "./bundle-in-a-box.ts";

class Crash extends Error {}

const resources: readonly Resource[] = [taskBundles, configMaps, pods, controllerRevisions];

interface Death {
  /** Which of the writes with this verb and resource, from 0. */
  readonly call: Call;
  readonly occurrence: number;
  readonly when: "before" | "after";
}

/** One spec is abandoned on the way, and the pod of the next is lost: every kind of write occurs. */
async function live(box: BundleBox): Promise<void> {
  box.apply({ source: { inline: "export const abandoned = 1;" } });
  await survive(box, () => box.settle());
  box.apply({ source: { inline: "export const kept = 1;" } });
  await survive(box, () => box.settle());
  box.start();
  await survive(box, () => box.settle());
  box.cluster.remove(pods, { namespace: "team-a", name: box.newestPod().metadata.name });
  await survive(box, () => box.settle());
  await survive(box, () => box.advance(60));
  box.start();
  await survive(box, () => box.post());
  await survive(box, () => box.settle());
  box.exit(0);
  await survive(box, () => box.settle());
}

/** Whoever asked asks again, as the queue and the runner do, of an operator that remembers nothing. */
async function survive(box: BundleBox, step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    box.restart();
    await step();
  }
  expect(box.livePods.length).toBeLessThanOrEqual(1);
}

function arrange(box: BundleBox, { call, occurrence, when }: Death): void {
  const resource = resources.find(({ plural }) => plural === call.resource) ?? taskBundles;
  for (let spared = 0; spared < occurrence; spared++) box.cluster.beforeNext(call.verb, resource, () => {});
  if (when === "before") box.cluster.failNext(call.verb, resource, new Crash());
  else box.cluster.commitThenFailNext(call.verb, resource, new Crash());
}

function aBox(): BundleBox {
  return new BundleBox({ readSource: async ({ spec }) => ({ kind: "code", code: spec.source.inline ?? "" }) });
}

async function deaths(): Promise<Death[]> {
  const box = aBox();
  await live(box);
  const { writes } = box.cluster;
  return writes.flatMap((call, index) => {
    const earlier = writes.slice(0, index);
    const occurrence = earlier.filter(({ verb, resource }) => verb === call.verb && resource === call.resource).length;
    return (["before", "after"] as const).map((when) => ({ call, occurrence, when }));
  });
}

const all = await deaths();

test("the story makes every kind of write", () => {
  expect(new Set(all.map(({ call }) => `${call.verb} ${call.resource}`))).toEqual(
    new Set([
      "replaceStatus taskbundles",
      "create configmaps",
      "delete configmaps",
      "create pods",
      "delete pods",
      "create controllerrevisions",
    ]),
  );
});

test.each(all)(
  "$when write $occurrence of $call.verb $call.resource, the bundle becomes Ready all the same",
  async (death) => {
    const box = aBox();
    arrange(box, death);

    await live(box);

    expect(box.ready).toBe("True Registered");
    expect(box.status).toMatchObject({ revision: 2, lastRevision: 2 });
    expect(box.status).not.toHaveProperty("registering");
    expect(box.revisions).toEqual([2]);
    expect(box.pods).toEqual([]);
    expect(box.codes).toContain(box.codeOf(2));
  },
);
