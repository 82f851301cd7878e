import { setTimeout } from "node:timers/promises";

import { bundle, currentContext } from "@stint/sdk";

/** What its tasks have in common; an option of a task takes the place of the group's. */
export const photos = bundle({
  instanceType: "starter",
  timeoutSeconds: 300,
  retry: { maxRetries: 1, waitDurationMs: 100 },
  labels: { app: "photos" },
});

interface Photo {
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

/** A photo's size stands in its address: `https://photos.example/4000x3000/cat.jpg`. */
export const readPhoto = photos.task("photos/read", (url: string): Photo => {
  const [, width, height] = /\/(\d+)x(\d+)\//.exec(url) ?? [];
  if (width === undefined || height === undefined) throw new Error(`${url} is no photo`);
  return { url, width: Number(width), height: Number(height) };
});

/** Work that needs more gets a larger plan; what calls it does not grow with it. */
export const thumbnail = photos.task(
  "photos/thumbnail",
  { instanceType: "pro" },
  ({ url, width, height }: Photo, widest: number): Photo => {
    const scale = Math.min(1, widest / width);
    return { url: `${url}?w=${widest}`, width: Math.round(width * scale), height: Math.round(height * scale) };
  },
);

/** Asks a moderator who never answers in time. A limit on one attempt is in whole seconds. */
export const moderate = photos.task("photos/moderate", { timeoutSeconds: 1, retry: { maxRetries: 0 } }, async () => {
  await setTimeout(3_600_000, undefined, { signal: currentContext().signal });
  return "approved";
});

/** A chain: the photo first, then its thumbnails side by side. */
export const processPhotoUpload = photos.task(
  "process_photo_upload",
  async (url: string, widths: readonly number[] = [320, 1280]) => {
    const photo = await readPhoto(url);
    const thumbnails = await Promise.all(widths.map((width) => thumbnail(photo, width)));
    return { photo: `${photo.width}x${photo.height}`, thumbnails: thumbnails.map(({ url }) => url) };
  },
);
