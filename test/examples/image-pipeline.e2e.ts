// examples/image-pipeline: fan-out, a cache for what is too large to be a result, progress.
import { beforeAll, expect } from "vitest";

import { childrenOf, messageOf, reasonOf, runToEnd } from "../e2e/kit/cluster.ts";
import { scenario } from "../e2e/kit/scenario.ts";
import { prepareExample } from "./kit/example.ts";
import { WebServer } from "./kit/web-server.ts";

const pictures: Readonly<Record<string, Uint8Array>> = {
  "/colours.ppm": ppm(3, 1, [255, 0, 0, 0, 255, 0, 0, 0, 255]),
  "/dusk.ppm": ppm(3, 2, [0, 0, 0, 255, 255, 255, 10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40]),
  "/text.ppm": Buffer.from("not found, they said"),
};

beforeAll(() => prepareExample("image-pipeline"));

scenario(
  "image-pipeline: pictures are made gray side by side, and joined (S128, S130, S146, S148, S149)",
  ["sheet"],
  async () => {
    await using photos = await WebServer.start(({ path }) => ({ status: 200, body: pictures[path] }));
    const urls = [`${photos.url}/colours.ppm`, `${photos.url}/dusk.ppm`];

    const run = await runToEnd("sheet", { task: "image-pipeline/contact-sheet", input: [urls] });
    const children = await childrenOf("sheet");

    const gray = Buffer.from([76, 150, 29, 0, 255, 10, 20, 30, 40]);
    expect(run.status).toMatchObject({
      phase: "Succeeded",
      result: { width: 3, height: 3, pgm: Buffer.concat([Buffer.from("P5 3 3 255\n"), gray]).toString("base64") },
      progress: [
        { label: "pictures", total: 2, done: 2 },
        { label: "pixels", total: 9, done: 9 },
      ],
    });
    expect(children.flatMap(({ status }) => status?.progress ?? []).map(({ done }) => done)).toEqual(
      expect.arrayContaining([3, 6]),
    );
    expect(children.map(({ status }) => String(status?.displayName)).toSorted()).toEqual([
      `gray ${photos.url}/colours.ppm`,
      `gray ${photos.url}/dusk.ppm`,
      "join-pictures",
    ]);
  },
);

scenario(
  "image-pipeline: a service that stumbles costs an attempt of one picture (S88, S119)",
  ["stumble"],
  async () => {
    let asked = 0;
    await using photos = await WebServer.start(({ path }) =>
      ++asked === 1 ? { status: 500 } : { status: 200, body: pictures[path] },
    );

    const run = await runToEnd("stumble", {
      task: "image-pipeline/contact-sheet",
      input: [[`${photos.url}/colours.ppm`, `${photos.url}/dusk.ppm`]],
    });
    const children = await childrenOf("stumble");

    expect(run.status).toMatchObject({ phase: "Succeeded", attemptCount: 1 });
    expect(children.reduce((sum, { status }) => sum + (status?.attemptCount ?? 0), 0)).toBe(4);
  },
);

scenario("image-pipeline: what is no picture fails the sheet, in its words (S115, S116)", ["text"], async () => {
  await using photos = await WebServer.start(({ path }) => ({ status: 200, body: pictures[path] }));

  const run = await runToEnd("text", {
    task: "image-pipeline/contact-sheet",
    input: [[`${photos.url}/text.ppm`]],
    retry: { maxRetries: 0 },
  });
  const [child] = await childrenOf("text");

  expect(run.status).toMatchObject({ phase: "Failed", progress: [{ label: "pictures", total: 1, done: 0 }] });
  expect(reasonOf(run)).toBe("TaskError");
  expect(messageOf(run)).toBe(
    `failed after 1 attempt(s): Task run ${child?.metadata.name} (image-pipeline/make-gray) failed: TaskError: ` +
      "failed after 3 attempt(s): this is no picture",
  );
});

function ppm(width: number, height: number, pixels: readonly number[]): Uint8Array {
  return Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), Buffer.from(pixels)]);
}
