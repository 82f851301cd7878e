// What a revision consists of: its name, its code in a ConfigMap, and, once it has registered, all that its runs need in a
// ControllerRevision (S11, S246). Everything about it is decided before it is made; afterwards it never changes.
import { podContract } from "@stint/crds/attempt";
import { sha256Hex } from "@stint/crds/hash";
import { canonicalJson, type Json } from "@stint/crds/json";
import { apiVersion } from "@stint/crds/kubernetes";
import { component, label, revisionName } from "@stint/crds/labels";
import type { Manifest, RevisionData } from "@stint/crds/manifest";
import type { TaskBundle, TaskBundleSpec } from "@stint/crds/taskbundle";

import type { CodeBody, OwnedMeta, RevisionBody } from "./bundle-world.ts";

/** Identifies a state of the spec: the same spec has the same hash, whatever was written in between. */
export function hashOfSpec(spec: TaskBundleSpec): string {
  return sha256Hex(canonicalJson(spec as Json)); // JSON off the wire; the type's optional members say `undefined`
}

/** The ConfigMap that the pods of a revision mount. It is immutable, so a pod of revision 3 never runs the code of 4. */
export function desiredCode(bundle: TaskBundle, revision: number, code: string): CodeBody {
  return {
    metadata: ownedMeta(bundle, revision),
    immutable: true,
    data: { [podContract.codeFile]: code },
  };
}

/** What is known of a revision when its tasks have arrived. */
export interface Registered {
  readonly revision: number;
  readonly specHash: string;
  readonly manifest: Manifest;
  /** `imageID` of the registration pod's container. */
  readonly imageId: string;
}

/** The ControllerRevision, with everything that runs of this revision will need. */
export function desiredRevision(bundle: TaskBundle, registered: Registered): RevisionBody {
  const { revision, specHash, manifest } = registered;
  const { source } = bundle.spec;
  const { inline: _, ...sourceKept } = source;
  const data: RevisionData = {
    revision,
    bundleUid: bundle.metadata.uid,
    specHash,
    spec: { ...bundle.spec, source: sourceKept },
    manifest,
    ...(source.image
      ? pinImage(source.image.reference, registered.imageId)
      : { codeConfigMap: revisionName(bundle.metadata, revision) }),
  };
  return { metadata: ownedMeta(bundle, revision), revision, data };
}

/**
 * The image that all attempts of a revision use, `name@digest` where the runtime knew a digest of that very repository.
 *
 * An image that was loaded into a node by hand has an imageID without a repository or with an invented one, and under a
 * second name of the same content the runtime may answer with the first: neither could be pulled again. Then the reference
 * stays as it was written. Source: S247.
 */
export function pinImage(reference: string, imageId: string): { readonly image: string; readonly digest?: string } {
  const written = digested.exec(reference)?.[2];
  if (written !== undefined) return { image: reference, digest: written };
  const [, name = "", digest] = digested.exec(imageId.replace(/^.*:\/\//, "")) ?? [];
  const repository = repositoryOf(reference);
  if (digest === undefined || fullName(name) !== fullName(repository)) return { image: reference };
  return { image: `${repository}@${digest}`, digest };
}

const digested = /^(.+)@(sha256:[0-9a-f]{64})$/;

/** A tag follows the last `/`; before it a colon belongs to the port of the registry. */
function repositoryOf(reference: string): string {
  return reference.replace(/:[^:/]*$/, "");
}

/** The runtime writes names in full: `python` is `docker.io/library/python`. */
function fullName(name: string): string {
  const [first = "", ...rest] = name.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  if (hasRegistry) return first === "index.docker.io" ? fullName(rest.join("/")) : name;
  return rest.length > 0 ? `docker.io/${name}` : `docker.io/library/${name}`;
}

function ownedMeta({ metadata: { name, uid } }: TaskBundle, revision: number): OwnedMeta {
  return {
    name: revisionName({ name, uid }, revision),
    labels: {
      [label.bundle]: name,
      [label.component]: component.bundle,
      [label.revision]: String(revision),
    },
    ownerReferences: [{ apiVersion, kind: "TaskBundle", name, uid, controller: true, blockOwnerDeletion: false }],
  };
}
