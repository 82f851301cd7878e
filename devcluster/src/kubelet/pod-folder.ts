// Where a pod lives on this machine.
//
//   <pods>/<uid>/root/<container>/…        the container's root: its mounts, and links to the files of its image
//   <pods>/<uid>/volumes/<volume>/         volumes that no container mounts whole
//   <pods>/<uid>/logs/<container>.log      what it wrote
//   <pods>/<uid>/termination/<container>   its last words
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { LocalImage } from "./images.ts";
import type { PathMap } from "./paths.ts";
import type { Container, Pod } from "./pod.ts";

const defaultTerminationPath = "/dev/termination-log";

export class PodFolder {
  readonly path: string;
  readonly #containers: readonly Container[];

  constructor(pods: string, { metadata, spec }: Pod) {
    this.path = join(pods, metadata.uid);
    this.#containers = spec.containers;
  }

  root(container: string): string {
    return join(this.path, "root", container);
  }

  logFile(container: string): string {
    return join(this.path, "logs", `${container}.log`);
  }

  terminationFile(container: string): string {
    return join(this.path, "termination", container);
  }

  /**
   * The folder that is the volume. It is a real folder at its first mount, not a link to one: Node resolves links before it
   * looks for the modules beside a file, and would miss those that the image has above the mount.
   */
  volume(name: string): string {
    for (const { name: container, volumeMounts = [] } of this.#containers) {
      const mount = volumeMounts.find((mount) => mount.name === name && mount.subPath === undefined);
      if (mount) return join(this.root(container), mount.mountPath);
    }
    return join(this.path, "volumes", name);
  }

  create(): void {
    mkdirSync(join(this.path, "logs"), { recursive: true });
    mkdirSync(join(this.path, "termination"), { recursive: true });
    for (const { name } of this.#containers) {
      mkdirSync(this.root(name), { recursive: true });
      writeFileSync(this.terminationFile(name), "");
    }
  }

  /** Makes the container's root, and says where its paths are. Volumes have to be there. */
  mount({ name, volumeMounts = [], terminationMessagePath }: Container, image: LocalImage): PathMap {
    const root = this.root(name);
    const paths = new Map<string, string>();
    for (const [path, target] of Object.entries(image.paths ?? {})) {
      link(target, join(root, path));
      paths.set(path, target);
    }
    for (const { name, mountPath, subPath = "" } of volumeMounts) {
      link(join(this.volume(name), subPath), join(root, mountPath));
      paths.set(mountPath.replace(/(?<=.)\/$/, ""), join(root, mountPath));
    }
    paths.set(terminationMessagePath ?? defaultTerminationPath, this.terminationFile(name));
    return paths;
  }

  remove(): void {
    // A process that was killed a moment ago may still be writing: the removal is repeated while its folder is not empty.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  }
}

function link(target: string, path: string): void {
  if (target === path) return;
  mkdirSync(dirname(path), { recursive: true });
  try {
    symlinkSync(target, path);
  } catch (error) {
    // A restarted container finds its links, and what the pod mounts over a file of the image hides it.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
