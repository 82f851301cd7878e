// Reads the code of a bundle: the text in its spec, or a ConfigMap's (S11). What is wrong with it is an observation, from
// which the bundle's rules conclude.
import { limits } from "@stint/crds/limits";
import type { TaskBundle } from "@stint/crds/taskbundle";

import type { ObservedSource } from "../core/bundle-world.ts";
import { isApiError } from "../errors.ts";
import type { Cluster } from "./cluster.ts";
import { configMaps } from "./resources.ts";
import { stripTypes, type Language } from "./strip-types.ts";

interface SourceText {
  /** For people. */
  readonly where: string;
  readonly text: string;
  readonly language: Language;
}

/**
 * Reads a bundle's code without its types; not to be called for an image.
 *
 * Up to 524288 bytes. An absent ConfigMap or key is `missing`, since it may yet come. Throws ApiError if the API server
 * does not answer. Source: S11.
 */
export type SourceReader = (bundle: TaskBundle) => Promise<ObservedSource>;

export function createSourceReader(cluster: Cluster): SourceReader {
  return async (bundle) => toCode(await textOf(cluster, bundle));
}

async function toCode(found: SourceText | ObservedSource): Promise<ObservedSource> {
  if ("kind" in found) return found;
  const { where, text, language } = found;
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.inlineSourceBytes) {
    return { kind: "invalid", message: `${where} is ${bytes} bytes, the limit is ${limits.inlineSourceBytes} bytes` };
  }
  const stripped = await stripTypes(text, language);
  return "code" in stripped
    ? { kind: "code", code: stripped.code }
    : { kind: "invalid", message: `${where}: ${stripped.problem}` };
}

async function textOf(
  cluster: Cluster,
  { spec: { source }, metadata }: TaskBundle,
): Promise<SourceText | ObservedSource> {
  if (source.inline !== undefined) return { where: "spec.source.inline", text: source.inline, language: "TypeScript" };
  const { name = "", key = "" } = source.configMap ?? {};
  const { namespace = "" } = metadata;
  const data = await dataOf(cluster, { namespace, name });
  if (!data) return { kind: "missing", message: `ConfigMap ${name} does not exist in namespace ${namespace}` };
  const text = data[key];
  if (text === undefined) return { kind: "missing", message: `ConfigMap ${name} has no key ${key}` };
  return { where: `key ${key} of ConfigMap ${name}`, text, language: languageOf(key) };
}

async function dataOf(
  cluster: Cluster,
  ref: { readonly namespace: string; readonly name: string },
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const { data = {} } = await cluster.get(configMaps, ref);
    return data;
  } catch (error) {
    if (isApiError(error, "notFound")) return undefined;
    throw error;
  }
}

/** As Node reads names of files. */
function languageOf(key: string): Language {
  return /\.[cm]?js$/.test(key) ? "JavaScript" : "TypeScript";
}
