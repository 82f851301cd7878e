// From a container's spec to the program that stands for it on this machine.
import { mkdirSync } from "node:fs";
import { delimiter, dirname } from "node:path";

import type { Api } from "../api.ts";
import { ConfigError, type Environment, environmentOf, expand } from "./environment.ts";
import type { LocalImage } from "./images.ts";
import { type PathMap, rewritePaths } from "./paths.ts";
import type { PodFolder } from "./pod-folder.ts";
import type { Container, Pod } from "./pod.ts";

/** What to start, where, and with which environment; every path is one of this machine. */
export interface Program {
  readonly command: readonly string[];
  readonly env: Environment;
  readonly workingDir: string;
}

interface Place {
  readonly pod: Pod;
  readonly folder: PodFolder;
  readonly image: LocalImage;
}

/**
 * Makes the container's root and says what to start in it.
 *
 * @throws {ConfigError} while a ConfigMap, a Secret or a key that the environment takes is missing, and without a command.
 */
export function makeProgram(api: Api, container: Container, { pod, folder, image }: Place): Program {
  const environment = environmentOf(api, pod, container, image.env);
  const words = wordsOf(container, image, environment);
  const paths = folder.mount(container, image);
  const root = folder.root(container.name);
  const HOSTNAME = pod.spec.hostname ?? pod.metadata.name;
  const temporary = container.volumeMounts?.some(({ mountPath }) => mountPath === "/tmp") && { TMPDIR: "/tmp" };
  const own = Object.entries({ ...temporary, ...environment }).map(([name, value]) => [
    name,
    rewritePaths(value, paths),
  ]);
  const workingDir = inRoot(root, container.workingDir ?? image.workingDir ?? "/", paths);
  mkdirSync(workingDir, { recursive: true }); // as a runtime does
  return {
    command: words.map((word) => rewritePaths(word, paths)),
    env: { PATH: machinePath(), HOSTNAME, HOME: root, ...Object.fromEntries(own) },
    workingDir,
  };
}

/** Source: the rules for `command` and `args` of a container: a command replaces the image's arguments too. */
function wordsOf({ command, args }: Container, image: LocalImage, environment: Environment): readonly string[] {
  const variables = new Map(Object.entries(environment));
  const imageArgs = command ? [] : (image.args ?? []);
  const words = [...(command ?? image.entrypoint ?? []), ...(args ?? imageArgs)];
  if (words.length === 0) throw new ConfigError("no command specified");
  return words.map((word) => expand(word, variables));
}

function inRoot(root: string, path: string, paths: PathMap): string {
  const mapped = rewritePaths(path, paths);
  return mapped === path ? `${root}${path}` : mapped;
}

/**
 * Where this machine's programs are; `node` is the one that runs this. Nothing else of this process's environment is any of a
 * container's business. These are no paths in the container: a mount at /tmp must not hide what the machine has below it.
 */
function machinePath(): string {
  return [dirname(process.execPath), process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"].join(delimiter);
}
