// What a pod has written, against what it may write.
import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

import type { ContainerLife } from "./container-life.ts";
import type { PodFolder } from "./pod-folder.ts";
import type { Container, Pod } from "./pod.ts";
import { parseQuantity } from "./quantity.ts";

/**
 * The kubelet's words for a limit that is exceeded, or undefined. Counted are emptyDir volumes and output: what a process
 * writes elsewhere on this machine is in no container.
 *
 * Source: the local storage part of the kubelet's eviction manager.
 */
export async function storageExcess(pod: Pod, folder: PodFolder, containers: readonly ContainerLife[]) {
  const volumes = await volumeSizes(pod, folder);
  const outputs = containers.map(({ container, output }) => ({ container, bytes: output?.size ?? 0 }));
  const total = sumOf([...volumes, ...outputs].map(({ bytes }) => bytes));
  return volumeExcess(volumes) ?? outputExcess(outputs) ?? podExcess(pod, total);
}

interface VolumeSize {
  readonly name: string;
  readonly sizeLimit: string | number | undefined;
  readonly bytes: number;
}

async function volumeSizes({ spec }: Pod, folder: PodFolder): Promise<readonly VolumeSize[]> {
  const sizes: VolumeSize[] = [];
  for (const { name, emptyDir } of spec.volumes ?? []) {
    if (emptyDir) sizes.push({ name, sizeLimit: emptyDir.sizeLimit, bytes: await bytesBelow(folder.volume(name)) });
  }
  return sizes;
}

function volumeExcess(volumes: readonly VolumeSize[]): string | undefined {
  const found = volumes.find(({ sizeLimit, bytes }) => sizeLimit !== undefined && bytes > parseQuantity(sizeLimit));
  return found && `Usage of EmptyDir volume "${found.name}" exceeds the limit "${found.sizeLimit}". `;
}

function outputExcess(
  outputs: readonly { readonly container: Container; readonly bytes: number }[],
): string | undefined {
  for (const { container, bytes } of outputs) {
    const limit = limitOf(container);
    if (limit === undefined || bytes <= parseQuantity(limit)) continue;
    return `Container ${container.name} exceeded its local ephemeral storage limit "${limit}". `;
  }
  return undefined;
}

/** A pod of which any container is without a limit has none. */
function podExcess({ spec }: Pod, bytes: number): string | undefined {
  const limits = spec.containers.flatMap((container) => limitOf(container) ?? []);
  if (limits.length < spec.containers.length || bytes <= sumOf(limits.map(parseQuantity))) return undefined;
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${limits.join(" + ")}. `;
}

function limitOf({ resources }: Container): string | number | undefined {
  return resources?.limits?.["ephemeral-storage"];
}

function sumOf(amounts: readonly number[]): number {
  return amounts.reduce((sum, amount) => sum + amount, 0);
}

/** Bytes of all files below a folder; links are not followed, and what vanishes meanwhile is not counted. */
async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
  let bytes = 0;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await bytesBelow(path);
    else
      bytes += await lstat(path).then(
        ({ size }) => size,
        () => 0,
      );
  }
  return bytes;
}
