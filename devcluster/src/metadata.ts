// What is true of the metadata of every object.
import { randomBytes } from "node:crypto";

import type { Draft, KubeObject, ObjectMeta } from "./api.ts";
import { defined, isPlain, type Plain, plain } from "./json.ts";
import { badRequest, type Cause } from "./refusal.ts";
import { apiVersionOf, type Resource } from "./resource.ts";

const identity = ["name", "generateName", "namespace", "selfLink", "uid"];
const life = ["resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];
const wishes = ["labels", "annotations", "ownerReferences", "finalizers", "managedFields"];
const known = new Set([...identity, ...life, ...wishes]);

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const qualifiedName = /^([a-z0-9.-]{1,253}\/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const labelValueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const labelKeyRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** Kinds whose names become host names or labels. */
const shortNamed = new Set(["Namespace", "Service"]);
/** Kinds whose names may be anything that fits into a path. */
const freelyNamed = new Set(["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]);

/** Paths in metadata that no object has. */
export function unknownMetadata(metadata: Plain): readonly string[] {
  return Object.keys(metadata)
    .filter((name) => !known.has(name))
    .map((name) => `metadata.${name}`);
}

/** The metadata with the members that there are, nulls left out. */
function knownMetadata(metadata: Plain): Partial<ObjectMeta> {
  return Object.fromEntries(Object.entries(metadata).filter(([name, value]) => known.has(name) && value !== null));
}

/** Throws where decoding into metadata would fail: a body that no API server can read. */
export function assertDecodable({ kind, version }: Resource, metadata: unknown): void {
  for (const member of ["labels", "annotations"]) {
    for (const value of Object.values(plain(plain(metadata)[member]))) {
      if (typeof value === "string" || value === null) continue;
      const found = isPlain(value)
        ? "object"
        : Array.isArray(value)
          ? "array"
          : typeof value === "boolean"
            ? "bool"
            : typeof value;
      const what = `json: cannot unmarshal ${found} into Go struct field ObjectMeta.${member} of type string`;
      throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${what}`);
    }
  }
}

/** The metadata of an object that begins to be. */
export function freshMetadata(
  resource: Resource,
  { metadata }: Draft,
  namespace: string | undefined,
  time: string,
): ObjectMeta {
  const { generateName, labels, annotations, ownerReferences, finalizers } = knownMetadata({ ...metadata });
  const name = metadata.name || (generateName ? generateName + randomSuffix() : "");
  return defined({
    name,
    generateName: generateName || undefined,
    namespace,
    uid: crypto.randomUUID(),
    resourceVersion: "",
    generation: resource.hasGeneration ? 1 : undefined,
    creationTimestamp: time,
    labels: nonEmpty(labels),
    annotations: nonEmpty(annotations),
    ownerReferences: ownerReferences?.length ? ownerReferences : undefined,
    finalizers: finalizers?.length ? finalizers : undefined,
  }) as ObjectMeta; // what is undefined is absent
}

/** What an update leaves of its wishes: identity and life stay as they are. */
export function updatedMetadata(wished: Partial<ObjectMeta>, before: ObjectMeta): ObjectMeta {
  const { labels, annotations, ownerReferences, finalizers, managedFields } = knownMetadata({ ...wished });
  return defined({
    ...before,
    labels: nonEmpty(labels),
    annotations: nonEmpty(annotations),
    ownerReferences: ownerReferences?.length ? ownerReferences : undefined,
    finalizers: finalizers?.length ? finalizers : undefined,
    managedFields: managedFields ?? before.managedFields,
  }) as ObjectMeta; // what is undefined is absent
}

function nonEmpty(map: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | undefined {
  return map && Object.keys(map).length > 0 ? map : undefined;
}

/** What is wrong with names, labels and finalizers. */
export function metadataCauses(resource: Resource, metadata: ObjectMeta, before?: ObjectMeta): readonly Cause[] {
  return [
    ...nameCauses(resource, metadata.name),
    ...labelCauses(metadata.labels ?? {}),
    ...finalizerCauses(metadata, before),
  ];
}

function nameCauses({ kind, plural }: Resource, name: string): readonly Cause[] {
  const field = "metadata.name";
  if (name === "") {
    return [{ reason: "FieldValueRequired", message: "Required value: name or generateName is required", field }];
  }
  if (freelyNamed.has(kind)) return [];
  const isShort = shortNamed.has(kind);
  const most = isShort ? 63 : 253;
  const causes: Cause[] = [];
  const complain = (what: string): void => {
    causes.push({ reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(name)}: ${what}`, field });
  };
  if (!(isShort ? label : subdomain).test(name)) complain(isShort ? labelRule : subdomainRule);
  if (name.length > most) complain(`must be no more than ${most} ${plural === "namespaces" ? "bytes" : "characters"}`);
  return causes;
}

function labelCauses(labels: Readonly<Record<string, string>>): readonly Cause[] {
  const field = "metadata.labels";
  const complain = (value: string, what: string): Cause => ({
    reason: "FieldValueInvalid",
    message: `Invalid value: ${JSON.stringify(value)}: ${what}`,
    field,
  });
  return Object.entries(labels).flatMap(([key, value]) => [
    ...(qualifiedName.test(key) ? [] : [complain(key, labelKeyRule)]),
    ...(value.length > 63 ? [complain(value, "must be no more than 63 bytes")] : []),
    ...(labelValue.test(value) ? [] : [complain(value, labelValueRule)]),
  ]);
}

function finalizerCauses({ finalizers = [] }: ObjectMeta, before: ObjectMeta | undefined): readonly Cause[] {
  if (!before?.deletionTimestamp) return [];
  const added = finalizers.filter((one) => !before.finalizers?.includes(one));
  if (added.length === 0) return [];
  const found = added.map((one) => JSON.stringify(one)).join(", ");
  const what = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${found}}`;
  return [{ reason: "FieldValueForbidden", message: `Forbidden: ${what}`, field: "metadata.finalizers" }];
}

/** Five characters that spell no word. */
function randomSuffix(): string {
  const letters = "bcdfghjklmnpqrstvwxz2456789";
  return [...randomBytes(5)].map((byte) => letters[byte % letters.length]).join("");
}

/** The object under the apiVersion by which it was asked for. */
export function inVersion<T extends KubeObject>(resource: Resource, object: T): T {
  return { ...object, apiVersion: apiVersionOf(resource) };
}
