// The environment of a container: what its image sets, then `envFrom`, then `env`; the later wins.
import type { Api } from "../api.ts";
import { fieldOf, resourceOf } from "./downward.ts";
import type { Container, EnvSource, EnvVar, KeyedObject, KeySelector, Pod } from "./pod.ts";

export type Environment = Readonly<Record<string, string>>;

/** The container cannot be described to a runtime: it waits as CreateContainerConfigError, with this text, until it can. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

type Variables = Map<string, string>;

/** @throws {ConfigError} for what is missing and not optional. The texts are the kubelet's own. */
export function environmentOf(api: Api, pod: Pod, container: Container, image: Environment = {}): Environment {
  const variables: Variables = new Map(Object.entries(image));
  for (const source of container.envFrom ?? []) {
    for (const [key, value] of allOf(api, pod, source)) variables.set(`${source.prefix ?? ""}${key}`, value);
  }
  for (const variable of container.env ?? []) {
    const value = valueOf(api, pod, container, variable);
    if (value !== undefined) variables.set(variable.name, expand(value, variables));
  }
  return Object.fromEntries(variables);
}

/** Replaces `$(NAME)` by the variable; an unknown one stays as it is, and `$$` is a dollar. */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([^()]+)\)/g, (all, name: string | undefined) =>
    name === undefined ? "$" : (variables.get(name) ?? all),
  );
}

function valueOf(api: Api, pod: Pod, container: Container, { value, valueFrom }: EnvVar): string | undefined {
  if (!valueFrom) return value ?? "";
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = valueFrom;
  if (configMapKeyRef) return keyOf(configMaps, configMapKeyRef, api, pod);
  if (secretKeyRef) return keyOf(secrets, secretKeyRef, api, pod);
  if (resourceFieldRef) return resourceOf(pod, { containerName: container.name, ...resourceFieldRef });
  const field = fieldRef && fieldOf(pod, fieldRef);
  if (field === undefined) throw new ConfigError(`unsupported fieldPath: ${fieldRef?.fieldPath}`);
  return field;
}

interface KeyedKind {
  readonly resource: string;
  readonly kind: string;
  readonly decode: (value: string) => string;
}

const configMaps: KeyedKind = { resource: "configmaps", kind: "ConfigMap", decode: (value) => value };
const secrets: KeyedKind = {
  resource: "secrets",
  kind: "Secret",
  decode: (value) => Buffer.from(value, "base64").toString(),
};

function keyOf(kind: KeyedKind, { name, key, optional }: KeySelector, api: Api, pod: Pod): string | undefined {
  const { namespace } = pod.metadata;
  const object = api.get<KeyedObject>(kind.resource, { namespace, name });
  const value = object?.data?.[key];
  if (value !== undefined) return kind.decode(value);
  if (optional) return undefined;
  throw new ConfigError(object ? `couldn't find key ${key} in ${kind.kind} ${namespace}/${name}` : missing(kind, name));
}

function allOf(api: Api, pod: Pod, { configMapRef, secretRef }: EnvSource): readonly (readonly [string, string])[] {
  const kind = configMapRef ? configMaps : secrets;
  const ref = configMapRef ?? secretRef;
  if (!ref) return [];
  const object = api.get<KeyedObject>(kind.resource, { namespace: pod.metadata.namespace, name: ref.name });
  if (!object && !ref.optional) throw new ConfigError(missing(kind, ref.name));
  return Object.entries(object?.data ?? {}).map(([key, value]) => [key, kind.decode(value)] as const);
}

function missing({ kind }: KeyedKind, name: string): string {
  return `${kind.toLowerCase()} "${name}" not found`;
}
