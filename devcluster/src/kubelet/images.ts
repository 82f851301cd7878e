// Images that stand for programs of this machine: a pod is a local process, so nothing is ever pulled.

/** What a container of an image is here. All paths given to it are absolute paths of this machine. */
export interface LocalImage {
  /** Command of a container that sets none. */
  readonly entrypoint?: readonly string[];
  /** Arguments of a container that sets neither command nor arguments. */
  readonly args?: readonly string[];
  /** Environment below the container's own. Paths in it are paths in the container: they are rewritten like the pod's. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files and folders of the image, as path in the container → path of this machine. */
  readonly paths?: Readonly<Record<string, string>>;
  /** Where the process starts, as a path in the container; default the container's root. */
  readonly workingDir?: string;
}

/** `undefined`: no registry knows the image, so it can never be pulled. */
export type ImageResolver = (image: string) => LocalImage | undefined;

/** Why a container waits for its image, as `state.waiting` says it. */
export interface ImageProblem {
  readonly reason: "InvalidImageName" | "ErrImageNeverPull" | "ErrImagePull";
  readonly message: string;
}

/** The image, or what the kubelet would say. Source: `EnsureImageExists` of the kubelet's image manager. */
export function findImage(image: string, pullPolicy: string | undefined, resolve: ImageResolver) {
  if (!isReference(image)) {
    const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
    return { reason: "InvalidImageName", message } satisfies ImageProblem;
  }
  const found = resolve(image);
  if (found) return found;
  return (
    pullPolicy === "Never"
      ? { reason: "ErrImageNeverPull", message: `Container image "${image}" is not present with pull policy of Never` }
      : { reason: "ErrImagePull", message: `failed to pull and unpack image "${image}": ${image}: not found` }
  ) satisfies ImageProblem;
}

/** `[registry[:port]/]path[:tag][@digest]`: a path of lower-case words. */
function isReference(image: string): boolean {
  return /^(?:[A-Za-z0-9.-]+(?::[0-9]+)?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/.test(
    image,
  );
}
