// create, update, patch and delete, as they come by HTTP.
import type { DeleteOptions, Draft, KubeObject, ObjectRef } from "./api.ts";
import { type Answer, type Call, json, success } from "./answer.ts";
import { applied } from "./apply.ts";
import { contentTypeOf, parseBody, parseObject, readBody } from "./body.ts";
import type { ClusterState } from "./cluster-state.ts";
import { at, isPlain, type Plain, plain, text } from "./json.ts";
import { assertDecodable } from "./metadata.ts";
import type { Deletion, UpdateOptions } from "./objects.ts";
import { type Manager, ownedAfterUpdate } from "./ownership.ts";
import { applyType, assertPatchType, patched } from "./patch.ts";
import { badRequest, invalid, type Refusal } from "./refusal.ts";
import type { Target } from "./request.ts";
import { apiVersionOf, type Resource, resourceId } from "./resource.ts";
import { parseSelectors } from "./selectors.ts";
import { kept, shown, storedAs } from "./views.ts";

export async function create(call: Call, state: ClusterState): Promise<Answer> {
  const { resource } = call.target;
  const body = parseObject(await readBody(call.request), contentTypeOf(call.request), resource);
  const draft = named(toDraft(call.target, body), call.target);
  const warnings: string[] = [];
  const options = { ...writeOptions(call, state, warnings) };
  const object = state.objects.create(storedAs(resource), kept(resource, draft), options);
  return { kind: "json", code: 201, body: shown(resource, object), warnings };
}

export async function update(call: Call, state: ClusterState): Promise<Answer> {
  const { resource, name } = call.target;
  const body = parseObject(await readBody(call.request), contentTypeOf(call.request), resource);
  const draft = toDraft(call.target, body);
  if (draft.metadata.name !== name) {
    throw badRequest(
      `the name of the object (${draft.metadata.name ?? ""}) does not match the name on the URL (${name})`,
    );
  }
  const warnings: string[] = [];
  const options = { ...writeOptions(call, state, warnings), ...partOf(call.target), needsVersion: true };
  const object = state.objects.update(storedAs(resource), refOf(call.target), () => kept(resource, draft), options);
  return { kind: "json", code: 200, body: shown(resource, object), warnings };
}

export async function patch(call: Call, state: ClusterState): Promise<Answer> {
  const { target, request } = call;
  const contentType = contentTypeOf(request);
  assertPatchType(target.resource, contentType);
  const body = parseBody(await readBody(request), contentType);
  const warnings: string[] = [];
  if (contentType === applyType) return applyPatch(call, state, body, warnings);
  const change = (current: KubeObject): Draft => {
    const next = patched(shown(target.resource, current), body, contentType);
    assertSameIdentity(target, current, next);
    return kept(target.resource, next);
  };
  const options = { ...writeOptions(call, state, warnings), ...partOf(target) };
  const object = state.objects.update(storedAs(target.resource), refOf(target), change, options);
  return { kind: "json", code: 200, body: shown(target.resource, object), warnings };
}

// oxlint-disable-next-line max-params -- one call, what it carries, and where its warnings go
function applyPatch(call: Call, state: ClusterState, body: unknown, warnings: string[]): Answer {
  const { target } = call;
  const { resource, query } = target;
  const manager = query.get("fieldManager") ?? "";
  if (manager === "") {
    const cause = {
      reason: "FieldValueRequired",
      message: "Required value: is required for apply patch",
      field: "fieldManager",
    };
    throw invalid({ kind: "PatchOptions", group: "meta.k8s.io" }, "", [cause]);
  }
  if (!isPlain(body)) throw badRequest("error decoding patch: the patch is not an object");
  const config = toDraft(target, body);
  const part = partOf(target);
  const existing = state.store.get(resourceId(resource), refOf(target));
  const by: Manager = { ...managerOf(call, state), operation: "Apply", name: manager };
  const isForced = query.get("force") === "true";
  const plan = applied({ resource, current: existing, config, by, isForced });
  const options: UpdateOptions = {
    ...writeOptions(call, state, warnings),
    ...part,
    ownership: () => plan.managedFields,
  };
  if (!existing) {
    const draft = named({ ...plan.object, metadata: { ...plan.object.metadata, name: target.name } }, target);
    return { kind: "json", code: 201, body: state.objects.create(resource, draft, options), warnings };
  }
  const object = state.objects.update(resource, refOf(target), () => plan.object, options);
  return { kind: "json", code: 200, body: object, warnings };
}

export async function remove(call: Call, state: ClusterState): Promise<Answer> {
  const { target, request } = call;
  const { resource, query } = target;
  const options = parseDeleteOptions(parseOptions(await readBody(request)), query);
  const isDry = query.get("dryRun") === "All";
  const deletion = state.objects.delete(storedAs(resource), refOf(target), options, isDry);
  return afterDeletion(resource, deletion);
}

export async function removeCollection(call: Call, state: ClusterState): Promise<Answer> {
  const { target, request } = call;
  const { resource, namespace, query } = target;
  const options = parseDeleteOptions(parseOptions(await readBody(request)), query);
  const selects = parseSelectors(resource, query.get("labelSelector") ?? "", query.get("fieldSelector") ?? "");
  const stored = storedAs(resource);
  const id = resourceId(stored);
  const found = state.store.list(id, namespace).filter((object) => selects(shown(resource, object)));
  const items = found.map((object) => {
    const { object: left } = state.objects.delete(stored, object.metadata, options, query.get("dryRun") === "All");
    return shown(resource, left);
  });
  const metadata = { resourceVersion: String(state.store.version) };
  return json({ kind: resource.listKind, apiVersion: apiVersionOf(resource), metadata, items });
}

/** Kinds whose deletion answers with the object even when it is gone. */
const shownAfterDeletion = new Set(["pods", "services", "serviceaccounts", "persistentvolumeclaims", "resourcequotas"]);

function afterDeletion(resource: Resource, { object, isGone }: Deletion): Answer {
  if (!isGone || shownAfterDeletion.has(resource.plural)) return json(shown(resource, object));
  const { name, uid } = object.metadata;
  return success({ name, ...(resource.group && { group: resource.group }), kind: resource.plural, uid });
}

/** The body of a request as an object of the path's kind and namespace. */
function toDraft({ resource, namespace }: Target, body: Plain): Draft {
  const { kind, apiVersion, metadata } = body;
  if (kind !== undefined && kind !== resource.kind)
    throw wrongKind(resource, text(kind), text(plain(metadata)["name"]));
  if (apiVersion !== undefined && apiVersion !== apiVersionOf(resource)) {
    const what = `the API version in the data (${text(apiVersion)}) does not match the expected API version (${apiVersionOf(resource)})`;
    throw badRequest(what);
  }
  assertDecodable(resource, metadata);
  const given = plain(metadata);
  if (given["namespace"] && given["namespace"] !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return { ...body, metadata: { ...given, ...(namespace !== undefined && { namespace }) } };
}

function wrongKind(resource: Resource, kind: string, name: string): Refusal {
  if (!resource.schema) {
    const expected = `expected: ${apiVersionOf(resource)}, Kind=${resource.kind}`;
    return badRequest(`the object provided is unrecognized (${expected}, found: Kind=${kind})`);
  }
  const message = `Invalid value: ${JSON.stringify(kind)}: must be ${resource.kind}`;
  return invalid({ kind, group: resource.group }, name, [{ reason: "FieldValueInvalid", message, field: "kind" }]);
}

/** A POST to an object's own path names it. */
function named(draft: Draft, { name }: Target): Draft {
  return name === "" ? draft : { ...draft, metadata: { ...draft.metadata, name } };
}

/** A patch that says who the object is must be right: 422 for another uid, 400 for another name. */
function assertSameIdentity({ resource, name }: Target, { metadata }: KubeObject, next: Draft): void {
  const { uid, name: wished } = plain(next.metadata);
  if (wished !== name)
    throw badRequest(`the name of the object (${text(wished)}) does not match the name on the URL (${name})`);
  if (uid === undefined || uid === metadata.uid) return;
  const message = `Invalid value: ${JSON.stringify(uid)}: field is immutable`;
  throw invalid(resource, name, [{ reason: "FieldValueInvalid", message, field: "metadata.uid" }]);
}

export function refOf({ namespace, name }: Target): ObjectRef {
  return namespace === undefined ? { name } : { namespace, name };
}

function partOf({ subresource }: Target): Pick<UpdateOptions, "part"> {
  return subresource === "status" ? { part: "status" } : {};
}

function writeOptions(call: Call, state: ClusterState, warnings: string[]): UpdateOptions {
  const { resource, query } = call.target;
  const { kind, version } = resource;
  const validation = query.get("fieldValidation") ?? "Warn";
  return {
    dryRun: query.get("dryRun") === "All",
    onUnknown: (fields) => {
      const complaints = fields.map((field) => `unknown field "${field}"`);
      if (validation === "Strict") {
        const what = `strict decoding error: ${complaints.join(", ")}`;
        throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${what}`);
      }
      if (validation === "Warn") warnings.push(...complaints);
    },
    ownership: (before, after) =>
      ownedAfterUpdate(before, after, { manager: managerOf(call, state), schema: resource.schema }),
  };
}

/** Who writes: what `fieldManager` says, else the program's name. */
function managerOf({ target, request }: Call, { clock }: ClusterState): Manager {
  const { resource, query, subresource } = target;
  const program = (request.headers["user-agent"] ?? "unknown").split("/")[0] ?? "";
  return {
    name: query.get("fieldManager") || program,
    operation: "Update",
    apiVersion: apiVersionOf(resource),
    time: clock.now(),
    ...(subresource === "status" && { subresource }),
  };
}

function parseOptions(bytes: Buffer): Plain {
  return bytes.length === 0 ? {} : plain(parseBody(bytes, "application/json"));
}

export function parseDeleteOptions(body: Plain, query: URLSearchParams): DeleteOptions {
  const uid = at(body, "preconditions", "uid");
  const resourceVersion = at(body, "preconditions", "resourceVersion");
  const asked = body["gracePeriodSeconds"] ?? query.get("gracePeriodSeconds");
  const policy = policies.find((one) => one === (body["propagationPolicy"] ?? query.get("propagationPolicy")));
  return {
    ...(typeof uid === "string" && { uid }),
    ...(typeof resourceVersion === "string" && { resourceVersion }),
    ...(asked !== null && asked !== undefined && { gracePeriodSeconds: Number(asked) }),
    ...(policy !== undefined && { propagationPolicy: policy }),
  };
}

const policies = ["Background", "Foreground", "Orphan"] as const;
