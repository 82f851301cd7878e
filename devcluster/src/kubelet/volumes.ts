// The volumes of a pod, as folders.
//
//   V1. A container starts only when every volume of its pod is there; until then FailedMount says what is missing.
//   V2. A token's file is replaced whole, so that whoever rereads it sees the old one or the new one.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

import type { Api } from "../api.ts";
import { Refusal } from "../refusal.ts";
import { fieldOf, resourceOf } from "./downward.ts";
import type { PodFolder } from "./pod-folder.ts";
import type { DownwardFile, KeyedObject, KeyFiles, Pod, ProjectedSource, TokenFile, Volume } from "./pod.ts";

/** A volume cannot be made yet; the message is the event's. */
export class MountError extends Error {
  override readonly name = "MountError";

  constructor(volume: string, why: string) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${why}`);
  }
}

type Files = ReadonlyMap<string, string | Buffer>;

/** @throws {MountError} */
export async function makeVolumes(api: Api, pod: Pod, folder: PodFolder): Promise<void> {
  for (const volume of pod.spec.volumes ?? []) {
    const path = folder.volume(volume.name);
    mkdirSync(path, { recursive: true });
    if (!volume.emptyDir) writeFiles(path, await filesOf(api, pod, volume));
  }
}

/** A token that has to be replaced before it expires. */
export interface Renewal {
  readonly volume: string;
  readonly token: TokenFile;
}

export function tokensOf({ spec }: Pod): readonly Renewal[] {
  return (spec.volumes ?? []).flatMap(({ name, projected }) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken: token }) => (token ? [{ volume: name, token }] : [])),
  );
}

/**
 * Writes a fresh token into its file (V2).
 *
 * @throws {MountError}
 */
export async function renewToken(api: Api, pod: Pod, folder: PodFolder, { volume, token }: Renewal): Promise<void> {
  const text = await createToken(api, pod, token).catch(notGiven(volume));
  writeFiles(folder.volume(volume), new Map([[token.path, text]]));
}

async function filesOf(api: Api, pod: Pod, volume: Volume): Promise<Files> {
  const { name, configMap, secret, downwardAPI, projected } = volume;
  const sources: readonly ProjectedSource[] | undefined =
    projected?.sources ??
    (configMap && [{ configMap }]) ??
    (secret && [{ secret: { ...secret, name: secret.secretName } }]) ??
    (downwardAPI && [{ downwardAPI }]);
  if (!sources) {
    const kind = Object.keys(volume).find((member) => member !== "name") ?? "no kind";
    throw new MountError(name, `volumes of ${kind} are not supported by this kubelet`);
  }
  const files = new Map<string, string | Buffer>();
  for (const source of sources) {
    for (const [path, content] of await projectedFiles(api, pod, name, source)) files.set(path, content);
  }
  return files;
}

async function projectedFiles(api: Api, pod: Pod, volume: string, source: ProjectedSource): Promise<Files> {
  const { configMap, secret, downwardAPI, serviceAccountToken: token } = source;
  const { namespace } = pod.metadata;
  const files = new Map<string, string | Buffer>();
  if (token) files.set(token.path, await createToken(api, pod, token).catch(notGiven(volume)));
  for (const item of downwardAPI?.items ?? []) files.set(item.path, downwardFile(pod, volume, item));
  for (const [resource, keys] of [
    ["configmaps", configMap],
    ["secrets", secret],
  ] as const) {
    if (!keys) continue;
    const object = api.get<KeyedObject>(resource, { namespace, name: keys.name });
    if (object) for (const [path, content] of keyFiles(volume, object, keys)) files.set(path, content);
    else if (!keys.optional) throw new MountError(volume, `${resource.slice(0, -1)} "${keys.name}" not found`);
  }
  return files;
}

function keyFiles(volume: string, object: KeyedObject, keys: KeyFiles): Files {
  const content = contentOf(object);
  if (!keys.items) return content;
  const files = new Map<string, Buffer>();
  for (const { key, path } of keys.items) {
    const value = content.get(key);
    if (value) files.set(path, value);
    else if (!keys.optional) throw new MountError(volume, `references non-existent config key: ${key}`);
  }
  return files;
}

function contentOf({ kind, data = {}, binaryData = {} }: KeyedObject): ReadonlyMap<string, Buffer> {
  const encoding = kind === "Secret" ? "base64" : "utf8";
  return new Map([
    ...Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)] as const),
    ...Object.entries(binaryData).map(([key, value]) => [key, Buffer.from(value, "base64")] as const),
  ]);
}

function downwardFile(pod: Pod, volume: string, { fieldRef, resourceFieldRef }: DownwardFile): string {
  if (resourceFieldRef) return resourceOf(pod, resourceFieldRef);
  const field = fieldRef && fieldOf(pod, fieldRef);
  if (field === undefined) throw new MountError(volume, `unsupported fieldPath: ${fieldRef?.fieldPath}`);
  return field;
}

function createToken(api: Api, { metadata, spec }: Pod, { audience, expirationSeconds }: TokenFile): Promise<string> {
  const serviceAccount = { namespace: metadata.namespace, name: spec.serviceAccountName ?? "default" };
  return api.createToken(serviceAccount, {
    ...(audience !== undefined && { audiences: [audience] }),
    ...(expirationSeconds !== undefined && { expirationSeconds }),
    pod: { name: metadata.name, uid: metadata.uid },
  });
}

/** The ServiceAccount may appear a moment after its namespace does. */
function notGiven(volume: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Refusal)) throw error;
    throw new MountError(volume, `failed to fetch token: ${error.message}`);
  };
}

function writeFiles(folder: string, files: Files): void {
  for (const [path, content] of files) {
    const file = join(folder, normalize(`/${path}`)); // a path cannot leave its volume
    mkdirSync(dirname(file), { recursive: true });
    const fresh = `${file}.fresh`;
    writeFileSync(fresh, content);
    renameSync(fresh, file);
  }
}
