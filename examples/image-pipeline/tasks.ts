// Pictures made gray side by side, a pod for each, and put under each other in one sheet.
//   stint deploy examples/image-pipeline/tasks.ts --bundle image-pipeline
//   stint run image-pipeline/contact-sheet --input '[["https://photos.example/cat.ppm", "https://photos.example/dog.ppm"]]'
import { asCompleted, bundle, currentContext, NonRetryableError } from "@stint/sdk";

import { parsePpm, toGray, toPgm } from "./picture.ts";

const images = bundle({ instanceType: "starter", timeoutSeconds: 60, retry: { maxRetries: 2, waitDurationMs: 100 } });

interface GrayPicture {
  /** Where its bytes are in the cache of the tree: too many to be a result. */
  readonly key: string;
  readonly width: number;
  readonly height: number;
}

export const makeGray = images.task("make-gray", { runName: "gray {url}" }, async (url: string) => {
  const { cache, progress, signal } = currentContext();
  const answer = await fetch(url, { signal });
  if (answer.status === 404) throw new NonRetryableError(`there is no ${url}`);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const picture = parsePpm(await answer.bytes());
  const key = `gray/${url}`;
  const pixels = progress("pixels"); // of all pictures: the sheet's run adds them up
  pixels.add(picture.width * picture.height);
  await cache.set(key, toGray(picture));
  pixels.done(picture.width * picture.height);
  return { key, width: picture.width, height: picture.height };
});

export const joinPictures = images.task("join-pictures", async (pictures: readonly GrayPicture[]) => {
  const { cache } = currentContext();
  const [width = 0] = pictures.map((picture) => picture.width);
  const parts = await Promise.all(pictures.map(({ key }) => cache.get(key)));
  const sheet = toPgm(width, Buffer.concat(parts.filter((part) => part !== undefined)));
  return {
    width,
    height: pictures.reduce((sum, { height }) => sum + height, 0),
    pgm: Buffer.from(sheet).toString("base64"),
  };
});

export const contactSheet = images.task("contact-sheet", async (urls: readonly string[]) => {
  const progress = currentContext().progress("pictures");
  progress.add(urls.length);
  const gray = makeGray.map(urls);
  for await (const _picture of asCompleted(gray)) progress.done();
  return joinPictures(gray);
});
