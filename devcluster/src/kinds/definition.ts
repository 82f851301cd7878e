// A CustomResourceDefinition: accepted at once, unless another one has its names.
import type { Draft } from "../api.ts";
import { builtinResources } from "../builtin.ts";
import { at, isPlain, list, type Plain, plain, text } from "../json.ts";
import type { KindRules, Surroundings } from "../kind-rules.ts";
import type { Cause } from "../refusal.ts";
import type { Resource } from "../resource.ts";
import { celFault } from "../rules.ts";

/** Keeps a definition until none of its objects is left. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

export const crdRules: KindRules = {
  prepare: (draft, _, around) => withStatus({ ...draft, spec: withNames(plain(draft["spec"])) }, around),
  revise: (next, before, around) => {
    const named = { ...next, spec: withNames(plain(next["spec"])) };
    return { ...named, ...withStatus({ ...named, status: before["status"] }, around) };
  },
  judge: ({ metadata, spec }) => [
    ...nameCauses(metadata.name, plain(spec)),
    ...versionCauses(list(at(spec, "versions"))),
  ],
};

function withNames(spec: Plain): Plain {
  const names = plain(spec["names"]);
  const kind = text(names["kind"]);
  const given = { listKind: `${kind}List`, singular: kind.toLowerCase(), ...names };
  return { conversion: { strategy: "None" }, ...spec, names: given };
}

function withStatus<T extends Draft>(definition: T, around: Surroundings): T {
  const { names, versions } = plain(definition["spec"]);
  const clash = findClash(definition, around);
  const storedVersions = list(versions)
    .map(plain)
    .filter(({ storage }) => storage === true)
    .map(({ name }) => name);
  return {
    ...definition,
    metadata: { ...definition.metadata, finalizers: withCleanup(definition.metadata) },
    status: {
      conditions: conditionsOf(definition, clash, around.time),
      acceptedNames: clash ? { plural: "", kind: "" } : names,
      storedVersions,
    },
  };
}

/** The finalizer is set once; a definition that is being deleted may have lost it for good. */
function withCleanup({ finalizers = [], deletionTimestamp }: Draft["metadata"]): readonly string[] {
  const isSettled = finalizers.includes(cleanupFinalizer) || deletionTimestamp !== undefined;
  return isSettled ? finalizers : [...finalizers, cleanupFinalizer];
}

function conditionsOf({ status }: Draft, clash: Clash | undefined, time: string): readonly Plain[] {
  const before = list(at(status, "conditions")).map(plain);
  const wanted = clash
    ? [
        { type: "NamesAccepted", status: "False", reason: clash.reason, message: `"${clash.name}" is already in use` },
        { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" },
      ]
    : [
        { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
        {
          type: "Established",
          status: "True",
          reason: "InitialNamesAccepted",
          message: "the initial names have been accepted",
        },
      ];
  return wanted.map((condition) => {
    const same = before.find((one) => one["type"] === condition.type && one["status"] === condition.status);
    return { ...condition, lastTransitionTime: same?.["lastTransitionTime"] ?? time };
  });
}

/** A name that another resource of the group has already. */
interface Clash {
  readonly name: string;
  readonly reason: string;
}

const clashReasons = { plural: "PluralConflict", singular: "SingularConflict", kind: "KindConflict" } as const;

function findClash({ metadata, spec }: Draft, around: Surroundings): Clash | undefined {
  const { group, names } = plain(spec);
  const others = around
    .list("customresourcedefinitions.apiextensions.k8s.io")
    .filter((other) => other.metadata.name !== metadata.name && at(other["spec"], "group") === group)
    .map((other) => plain(at(other["spec"], "names")));
  const ofOthers = [...others, ...builtinResources.filter((resource) => resource.group === group)];
  const taken = new Set(ofOthers.flatMap(namesOf));
  const own = Object.entries(clashReasons).map(([member, reason]) => ({ name: text(plain(names)[member]), reason }));
  const short = list(at(names, "shortNames")).map((name) => ({ name: text(name), reason: "ShortNamesConflict" }));
  const listed = { name: text(at(names, "listKind")), reason: "ListKindConflict" };
  return [...own, listed, ...short].find(({ name }) => taken.has(name));
}

function namesOf({ plural, singular, kind, listKind, shortNames }: Plain | Resource): readonly string[] {
  return [plural, singular, kind, listKind, ...list(shortNames)].map(text).filter((name) => name !== "");
}

function nameCauses(name: string, spec: Plain): readonly Cause[] {
  const wanted = `${text(at(spec, "names", "plural"))}.${text(spec["group"])}`;
  const causes = ["Namespaced", "Cluster"].includes(text(spec["scope"]))
    ? []
    : [{ reason: "FieldValueRequired", message: "Required value", field: "spec.scope" }];
  if (name === wanted) return causes;
  const message = `Invalid value: ${JSON.stringify(name)}: must be spec.names.plural+"."+spec.group`;
  return [{ reason: "FieldValueInvalid", message, field: "metadata.name" }, ...causes];
}

function versionCauses(versions: readonly unknown[]): readonly Cause[] {
  if (versions.length === 0)
    return [{ reason: "FieldValueRequired", message: "Required value", field: "spec.versions" }];
  return versions.flatMap((version, index) => {
    const place = versions.length === 1 ? "spec.validation" : `spec.versions[${index}].schema`;
    const field = `${place}.openAPIV3Schema`;
    const schema = at(version, "schema", "openAPIV3Schema");
    if (!isPlain(schema))
      return [{ reason: "FieldValueRequired", message: "Required value: schemas are required", field }];
    return schemaCauses(schema, field);
  });
}

/** Types are needed, and rules must be CEL. */
function schemaCauses(schema: Plain, field: string): readonly Cause[] {
  const isUntyped =
    schema["x-kubernetes-preserve-unknown-fields"] === true || schema["x-kubernetes-int-or-string"] === true;
  const causes: Cause[] =
    schema["type"] === undefined && !isUntyped
      ? [
          {
            reason: "FieldValueRequired",
            message: "Required value: must not be empty for specified object fields",
            field: `${field}.type`,
          },
        ]
      : [];
  for (const [index, rule] of list(schema["x-kubernetes-validations"]).entries()) {
    const fault = celFault(text(plain(rule)["rule"]));
    if (fault === undefined) continue;
    const message = `Invalid value: ${JSON.stringify(rule)}: compilation failed: ${fault}`;
    causes.push({ reason: "FieldValueInvalid", message, field: `${field}.x-kubernetes-validations[${index}].rule` });
  }
  const properties = Object.entries(plain(schema["properties"])).map(
    ([name, inner]) => [`${field}.properties[${name}]`, inner] as const,
  );
  const others = ["items", "additionalProperties"].map((name) => [`${field}.${name}`, schema[name]] as const);
  const inner = [...properties, ...others].flatMap(([place, one]) => (isPlain(one) ? schemaCauses(one, place) : []));
  return [...causes, ...inner];
}
