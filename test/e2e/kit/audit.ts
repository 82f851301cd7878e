// The API server's audit log: who asked for what. The only witness that cannot be fooled by our own counters.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createInterface } from "node:readline";

import { kubectl, operatorNamespace } from "./cluster.ts";

export interface Request {
  readonly at: Date;
  readonly username: string;
  readonly userAgent: string;
  readonly verb: string;
  /** API group; empty for Kubernetes' core, and for what is no object. */
  readonly group: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly code: number;
  /** Path without the query. */
  readonly path: string;
  /** Whether the authorizer let it through; what comes after it may have refused it all the same. */
  readonly isAllowed: boolean;
}

interface AuditEvent {
  readonly requestReceivedTimestamp: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
    readonly namespace?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly annotations?: { readonly "authorization.k8s.io/decision"?: "allow" | "forbid" };
}

const operator = `system:serviceaccount:${operatorNamespace}:stint-operator`;

function path(): string {
  const file = process.env["STINT_AUDIT_LOG"];
  if (file === undefined || !existsSync(file))
    throw new Error('no audit log: run `eval "$(test/cluster/env.sh)"` first');
  return file;
}

/** Where the log ends now. */
export function auditMark(): number {
  return statSync(path()).size;
}

/** The operator's requests since the mark. */
export function operatorRequestsSince(mark: number): Promise<Request[]> {
  return requestsSince(mark, ({ username }) => username === operator);
}

/** The requests since the mark that `counts`. A log that was rotated in between is an error, not an empty answer. */
export async function requestsSince(mark: number, counts: (request: Request) => boolean): Promise<Request[]> {
  // The log is written before the answer is sent, so once this answer is here, everything before it stands in the log.
  await kubectl(["get", "namespace", operatorNamespace]);
  const end = auditMark() - 1; // at the end of a line: each is written at once
  if (end < mark) throw new Error("the audit log was rotated while it was being read");
  const found: Request[] = [];
  for await (const line of createInterface(createReadStream(path(), { start: mark, end }))) {
    const request = toRequest(JSON.parse(line) as AuditEvent); // of the API server
    if (counts(request)) found.push(request);
  }
  return found;
}

function toRequest({
  user,
  userAgent = "",
  objectRef = {},
  responseStatus,
  annotations,
  ...event
}: AuditEvent): Request {
  return {
    at: new Date(event.requestReceivedTimestamp),
    username: user.username,
    userAgent,
    verb: event.verb,
    group: objectRef.apiGroup ?? "",
    resource: objectRef.resource ?? "",
    subresource: objectRef.subresource,
    name: objectRef.name ?? "",
    namespace: objectRef.namespace,
    code: responseStatus?.code ?? 0,
    path: event.requestURI.replace(/\?.*$/, ""),
    isAllowed: annotations?.["authorization.k8s.io/decision"] === "allow",
  };
}

export function isWrite({ verb }: Request): boolean {
  return ["create", "update", "patch", "delete", "deletecollection"].includes(verb);
}

/** `create pods`, `update taskruns/status`. */
export function inWords({ verb, resource, subresource }: Request): string {
  return `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`;
}
