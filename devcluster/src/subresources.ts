// What answers under an object's path, besides its status.
import type { Draft, KubeObject } from "./api.ts";
import { type Answer, type Call, json, success } from "./answer.ts";
import { contentTypeOf, parseObject, readBody } from "./body.ts";
import { builtin } from "./builtin.ts";
import { toTime } from "./clock.ts";
import type { ClusterState } from "./cluster-state.ts";
import { evictPod } from "./eviction.ts";
import { at, list, plain, text } from "./json.ts";
import { badRequest, conflict } from "./refusal.ts";
import { isTrue } from "./request.ts";
import { parseDeleteOptions, refOf } from "./writes.ts";

/** `kubectl logs`. */
export function log({ target }: Call, { objects, logs }: ClusterState): Answer {
  const { name, namespace = "", query } = target;
  const pod = objects.get(target.resource, { namespace, name });
  const names = list(at(pod["spec"], "containers")).map((container) => text(plain(container)["name"]));
  const container = query.get("container") ?? (names.length === 1 ? names[0] : undefined);
  if (container === undefined) {
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(" ")}]`);
  }
  const everyName = [...names, ...list(at(pod["spec"], "initContainers")).map((one) => text(plain(one)["name"]))];
  if (!everyName.includes(container)) throw badRequest(`container ${container} is not valid for pod ${name}`);
  assertStarted(pod, container);
  const tailLines = query.get("tailLines");
  return {
    kind: "stream",
    contentType: "text/plain",
    write: async (output) => {
      const options = {
        follow: isTrue(query.get("follow")),
        previous: isTrue(query.get("previous")),
        timestamps: isTrue(query.get("timestamps")),
        ...(tailLines !== null && { tailLines: Number(tailLines) }),
        signal: output.signal,
      };
      for await (const chunk of logs?.read(namespace, name, container, options) ?? []) await output.write(chunk);
    },
  };
}

/** A container that waits has no log. Source: `validateContainerLogStatus` of the kubelet. A pod without a node has an empty one. */
function assertStarted(pod: KubeObject, container: string): void {
  const statuses = list(at(pod, "status", "containerStatuses")).map(plain);
  const reason = at(statuses.find(({ name }) => name === container) ?? {}, "state", "waiting", "reason");
  if (typeof reason !== "string") return;
  const why = pullProblems[reason] ?? reason;
  throw badRequest(`container "${container}" in pod "${pod.metadata.name}" is waiting to start: ${why}`);
}

const pullProblems: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: "trying and failing to pull image",
};

/** `kubectl drain`, pod by pod. */
export async function evict({ target, request }: Call, { api, clock, objects }: ClusterState): Promise<Answer> {
  const body = parseObject(await readBody(request), contentTypeOf(request), target.resource);
  const asked = plain(body["deleteOptions"]);
  const options = parseDeleteOptions(asked, target.query);
  const isDry = target.query.get("dryRun") === "All" || list(asked["dryRun"]).includes("All");
  if (isDry) objects.delete(target.resource, refOf(target), options, true);
  else evictPod(api, clock, refOf(target), options);
  return success({}, 201);
}

/** What a scheduler says: this pod belongs on that node. */
export async function bind({ target, request }: Call, { objects, clock }: ClusterState): Promise<Answer> {
  const body = parseObject(await readBody(request), contentTypeOf(request), target.resource);
  const nodeName = text(at(body, "target", "name"));
  objects.update(target.resource, refOf(target), (pod): Draft => {
    const assigned = text(at(pod["spec"], "nodeName"));
    if (assigned)
      throw conflict(target.resource, target.name, `pod ${target.name} is already assigned to node "${assigned}"`);
    return { ...pod, spec: { ...plain(pod["spec"]), nodeName } };
  });
  const condition = {
    type: "PodScheduled",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: toTime(clock.now()),
  };
  objects.update(
    target.resource,
    refOf(target),
    (pod) => ({
      ...pod,
      status: { ...plain(pod["status"]), conditions: [...list(at(pod["status"], "conditions")), condition] },
    }),
    { part: "status" },
  );
  return success({}, 201);
}

const shortestTokenSeconds = 600;

/** TokenRequest. */
export async function requestToken({ target, request }: Call, { objects, tokens }: ClusterState): Promise<Answer> {
  const body = parseObject(await readBody(request), contentTypeOf(request), target.resource);
  objects.get(target.resource, refOf(target));
  const { audiences, expirationSeconds = 3600, boundObjectRef } = plain(body["spec"]);
  if (Number(expirationSeconds) < shortestTokenSeconds)
    throw badRequest("may not specify a duration less than 10 minutes");
  const bound = plain(boundObjectRef);
  const pod = bound["kind"] === "Pod" ? boundPod(objects, target.namespace ?? "", bound) : undefined;
  const {
    token,
    expiresAt,
    audiences: granted,
  } = await tokens.sign(refOf(target), {
    audiences: list(audiences).map(text),
    expirationSeconds: Number(expirationSeconds),
    ...(pod && { pod }),
  });
  const spec = { audiences: granted, expirationSeconds, boundObjectRef: boundObjectRef ?? null };
  const status = { token, expirationTimestamp: toTime(expiresAt) };
  return json({ kind: "TokenRequest", apiVersion: "authentication.k8s.io/v1", metadata: {}, spec, status }, 201);
}

function boundPod(objects: ClusterState["objects"], namespace: string, bound: object) {
  const name = text(at(bound, "name"));
  const uid = text(at(bound, "uid"));
  const pods = builtin("pods");
  const pod = objects.get(pods, { namespace, name });
  if (uid && uid !== pod.metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict(pods, name, why);
  }
  return { name, uid: pod.metadata.uid };
}
