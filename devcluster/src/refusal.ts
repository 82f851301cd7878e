// What the API server says no with: a Status, whose `reason` clients branch on and whose message people read. The words
// are the API server's own.
import { defined } from "./json.ts";
import { type Resource, resourceId } from "./resource.ts";

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: object;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: object;
  readonly code: number;
}

interface RefusalOptions {
  readonly code: number;
  readonly reason: string;
  readonly details?: object;
  readonly retryAfterSeconds?: number;
}

/** A request that is refused. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  readonly #details: object | undefined;

  constructor(message: string, { code, reason, details, retryAfterSeconds }: RefusalOptions) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
    this.#details = retryAfterSeconds === undefined ? details : { ...details, retryAfterSeconds };
  }

  toStatus(): Status {
    const { message, reason, code } = this;
    const details = this.#details && { details: this.#details };
    const why = reason === "" ? {} : { reason }; // a few errors of the API server have none
    return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, ...why, ...details, code };
  }
}

function detailsOf(resource: Resource, name: string): object {
  return defined({ name: name || undefined, group: resource.group || undefined, kind: resource.plural });
}

export function notFound(resource: Resource, name: string): Refusal {
  const message = `${resourceId(resource)} "${name}" not found`;
  return new Refusal(message, { code: 404, reason: "NotFound", details: detailsOf(resource, name) });
}

export function alreadyExists(resource: Resource, name: string): Refusal {
  const message = `${resourceId(resource)} "${name}" already exists`;
  return new Refusal(message, { code: 409, reason: "AlreadyExists", details: detailsOf(resource, name) });
}

const modified = "the object has been modified; please apply your changes to the latest version and try again";

/** The caller's version or uid is not the current one. */
export function conflict(resource: Resource, name: string, why: string = modified): Refusal {
  const message = `Operation cannot be fulfilled on ${resourceId(resource)} "${name}": ${why}`;
  return new Refusal(message, { code: 409, reason: "Conflict", details: detailsOf(resource, name) });
}

export function forbidden(resource: Resource, name: string, why: string, causes?: readonly Cause[]): Refusal {
  const message = `${resourceId(resource)} "${name}" is forbidden: ${why}`;
  const details = { ...detailsOf(resource, name), ...(causes && { causes }) };
  return new Refusal(message, { code: 403, reason: "Forbidden", details });
}

/** A field of the object breaks a rule. Without a resource's schema in play the kind alone is named. */
export function invalid(
  { kind, group }: Pick<Resource, "kind" | "group">,
  name: string,
  causes: readonly Cause[],
): Refusal {
  const all = causes.map(({ field, message }) => `${field}: ${message}`);
  const what = all.length === 1 ? all[0] : `[${all.join(", ")}]`;
  const message = `${group ? `${kind}.${group}` : kind} "${name}" is invalid: ${what}`;
  const details = defined({ name, group: group || undefined, kind, causes });
  return new Refusal(message, { code: 422, reason: "Invalid", details });
}

export function badRequest(message: string): Refusal {
  return new Refusal(message, { code: 400, reason: "BadRequest" });
}

/** What the API server takes for its own failure, though it is the caller's. */
export function unclassified(message: string): Refusal {
  return new Refusal(message, { code: 500, reason: "" });
}

/** A resourceVersion or a continue token from before what the server remembers. */
export function expired(message: string): Refusal {
  return new Refusal(message, { code: 410, reason: "Expired" });
}

/** No such path. */
export function unknownPath(): Refusal {
  const message = "the server could not find the requested resource";
  return new Refusal(message, { code: 404, reason: "NotFound", details: {} });
}

export function methodNotAllowed(): Refusal {
  const message = "the server does not allow this method on the requested resource";
  return new Refusal(message, { code: 405, reason: "MethodNotAllowed", details: {} });
}

export function unsupportedMediaType(accepted: readonly string[]): Refusal {
  const types = accepted.join(", ");
  const message = `the body of the request was in an unknown format - accepted media types include: ${types}`;
  return new Refusal(message, { code: 415, reason: "UnsupportedMediaType" });
}

export function unauthorized(): Refusal {
  return new Refusal("Unauthorized", { code: 401, reason: "Unauthorized" });
}

/** Kubernetes has it, devcluster does not: docs/devcluster.md lists what. */
export function notImplemented(what: string): Refusal {
  return new Refusal(`devcluster does not implement ${what}`, { code: 501, reason: "NotImplemented" });
}
