// The paths of a container, on a machine that shares its root with every process.
//
// A local process cannot have a file system of its own without privileges, so what a pod mounts at /var/run/x lies in a folder
// of the pod, and the kubelet rewrites the path wherever it hands one over: command, arguments, environment, working folder.
// A program that has such a path written into its own code does not find it; its image has to take it from the environment.

/** From a path in the container to a path of this machine; entries apply to what lies below them as well. */
export type PathMap = ReadonlyMap<string, string>;

/**
 * Replaces every mapped path in a text: at its start, after a separator or in a `file://` URL, and only where a whole path
 * segment ends. The longest path wins, so that a mount inside another one is found.
 */
export function rewritePaths(text: string, paths: PathMap): string {
  if (paths.size === 0 || !text.includes("/")) return text;
  const longestFirst = [...paths.keys()].sort((a, b) => b.length - a.length).map(escaped);
  const mapped = new RegExp(`(?<=^|[\\s=:,;"'(\\[]|file://)(?:${longestFirst.join("|")})(?=$|[/\\s:,;"')\\]])`, "g");
  return text.replace(mapped, (path) => paths.get(path) ?? path);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
