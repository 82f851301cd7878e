// The way from a runner in this process to a gateway in this process: what HTTPS carries elsewhere, with the same checks
// on both ends and the same answers.
import type { GatewayDeps } from "@stint/operator/gateway/deps";
import { toRefusal, ProtocolRefusal } from "@stint/operator/gateway/refusal";
import { routes, type Route } from "@stint/operator/gateway/routes";
import type { PodIdentity } from "@stint/operator/gateway/token";
import type { Answer, Call, Connection } from "@stint/runner-image/connection";

import type { PodProcess } from "../memory/kubelet.ts";

/** A connection of this process to the gateway. A process that is gone gets no answer, and one that is muted no hearing. */
export function connectionOf(process: PodProcess, gateway: GatewayDeps): Pick<Connection, "send"> {
  const { metadata, spec } = process.pod;
  const { namespace = "", name: podName, uid: podUid } = metadata;
  const pod = { namespace, podName, podUid, ...(spec.nodeName !== undefined && { nodeName: spec.nodeName }) };
  return {
    async send(call, _timeoutMs, signal) {
      if (isLost(call, process)) return silence(signal);
      const answer = await answerTo(call, { pod, gateway, left: AbortSignal.any([signal, process.killed]) });
      return isLost(call, process) ? silence(signal) : answer;
    },
  };
}

/** `POST events` is how a process learns why it is to end. */
function isLost({ path }: Call, { killed, isMuted }: PodProcess): boolean {
  return killed.aborted || (isMuted() && path !== "events");
}

function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

interface Exchange {
  readonly pod: PodIdentity;
  readonly gateway: GatewayDeps;
  /** Aborts when the caller has gone. */
  readonly left: AbortSignal;
}

const closing = new AbortController().signal; // a harness closes its gateway last

async function answerTo({ method, path, body }: Call, { pod, gateway, left }: Exchange): Promise<Answer> {
  const { route, params } = routeOf(method, path);
  try {
    const answered = await route.answer({ pod, body: overTheWire(body), params, signals: { left, closing } }, gateway);
    return { status: 200, retryAfterMs: undefined, text: JSON.stringify(answered) };
  } catch (error) {
    if (!left.aborted && !(error instanceof ProtocolRefusal)) gateway.logger.error({ error }, "request failed");
    const { status, retryAfterSeconds, body: said } = toRefusal(error);
    const retryAfterMs = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000;
    return { status, retryAfterMs, text: JSON.stringify(said) };
  }
}

function overTheWire(body: unknown): unknown {
  return body === undefined ? undefined : JSON.parse(JSON.stringify(body));
}

function routeOf(method: string, path: string): { readonly route: Route; readonly params: { readonly name?: string } } {
  const segments = path.split("/");
  const route = routes.find((each) => each.method === method && matches(each.path.split("/"), segments));
  if (!route) throw new Error(`the gateway has no ${method} ${path}`);
  const at = route.path.split("/").indexOf(":name");
  return { route, params: at < 0 ? {} : { name: decodeURIComponent(segments[at] ?? "") } };
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) => part.startsWith(":") || part === segments[index])
  );
}
