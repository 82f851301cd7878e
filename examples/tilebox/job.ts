import { currentContext, task } from "@stint/sdk";

/** Brightness of a pixel that a cloud covers. */
export const cloud = 255;

/** What differs between the versions of the job: how the pixels of a granule become one number. */
export type Measure = (pixels: Uint8Array) => number;

/**
 * Defines the tasks of a job that measures granules of satellite images.
 *
 * The job hands its subtasks over and returns: it holds no pod while they run, and has Succeeded when they all have. What
 * they share, they find in the cache of their tree, whichever node they ran on.
 */
export function defineJob(measure: Measure): void {
  /** Near to the network, and small. */
  const download = task("download", { instanceType: "starter" }, async (granule: string, archive: string) => {
    const { cache, signal } = currentContext();
    const answer = await fetch(`${archive}/${granule}`, { signal });
    if (!answer.ok) throw new Error(`${granule}: the archive answered ${answer.status}`);
    await cache.set(`raw/${granule}`, await answer.bytes());
  });

  /** Computes, and gets more to do it with. */
  const processGranule = task("process", { instanceType: "pro", retry: { maxRetries: 0 } }, async (granule: string) => {
    const { cache } = currentContext();
    const pixels = await cache.get(`raw/${granule}`);
    if (!pixels) throw new Error(`${granule} was not downloaded`);
    await cache.set(`mean/${granule}`, String(measure(pixels)));
  });

  const publish = task("publish", { instanceType: "starter" }, async () => {
    const means = currentContext().cache.group("mean");
    const entries = (await means.keys()).map(async (granule) => {
      return [granule, Number(new TextDecoder().decode(await means.get(granule)))] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  });

  task("job", { instanceType: "starter" }, (granules: readonly string[], archive: string) => {
    const { submit } = currentContext();
    const measured = granules.map((granule) => {
      const downloaded = submit(download, [granule, archive]);
      return submit(processGranule, [granule], { dependsOn: [downloaded] });
    });
    submit(publish, [], { dependsOn: measured });
  });
}
