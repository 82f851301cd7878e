// An admission webhook in this process: what companies' policies and injectors do to pods on their way in. It concerns only the
// attempts' pods of the test namespace, and is asked by the API server over the address that the nodes know this machine by.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";

import { run } from "../../shell.ts";
import { kubectl, namespace, type PodObject } from "./cluster.ts";
import { docker } from "./nodes.ts";

/** What becomes of a pod: a JSON patch of it, or words of refusal; `undefined` lets it pass. */
export type Verdict = { readonly patch: readonly object[] } | { readonly refusal: string } | undefined;

interface AdmissionReview {
  readonly request: { readonly uid: string; readonly object: PodObject };
}

const name = `pods.${namespace}`;

export class PodWebhook {
  #server: Server | undefined;

  /** Asks `judge` about each new pod of a run, by the run's name. */
  async start(judge: (run: string) => Verdict): Promise<void> {
    const host = (await docker("network", "inspect", "kind", "-f", "{{(index .IPAM.Config 0).Gateway}}")).trim();
    const { key, certificate } = await selfSigned(host);
    this.#server = createServer({ key, cert: certificate }, (request, response) => {
      void json(request).then((review) => response.end(JSON.stringify(answer(review as AdmissionReview, judge))));
    });
    this.#server.listen(0, host);
    await once(this.#server, "listening");
    const { port } = this.#server.address() as AddressInfo;
    const configuration = configurationFor(`https://${host}:${port}/`, certificate);
    await kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(configuration) });
  }

  async stop(): Promise<void> {
    await kubectl(["delete", "mutatingwebhookconfiguration", name, "--ignore-not-found"]);
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}

function answer({ request: { uid, object } }: AdmissionReview, judge: (run: string) => Verdict): object {
  const verdict = judge(object.metadata?.labels?.["stint.dev/run"] ?? "");
  const allowed = !verdict || "patch" in verdict;
  const response = {
    uid,
    allowed,
    ...(verdict && "patch" in verdict
      ? { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(verdict.patch)).toString("base64") }
      : {}),
    ...(verdict && "refusal" in verdict ? { status: { code: 403, message: verdict.refusal } } : {}),
  };
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response };
}

function configurationFor(url: string, certificate: string): object {
  const webhook = {
    name: "pods.e2e.stint.dev",
    clientConfig: { url, caBundle: Buffer.from(certificate).toString("base64") },
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    objectSelector: { matchLabels: { "stint.dev/component": "attempt" } },
    rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    failurePolicy: "Fail",
    timeoutSeconds: 10,
  };
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name },
    webhooks: [webhook],
  };
}

async function selfSigned(address: string): Promise<{ readonly key: string; readonly certificate: string }> {
  const folder = mkdtempSync(join(tmpdir(), "stint-webhook-"));
  const [keyFile, certificateFile] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  const subject = ["-subj", "/CN=stint-e2e", "-addext", `subjectAltName=IP:${address}`];
  const files = ["-keyout", keyFile, "-out", certificateFile];
  const made = await run("openssl", ["req", ...kind, ...subject, ...files]);
  if (made.code !== 0) throw new Error(`openssl: ${made.output}`);
  const credentials = { key: readFileSync(keyFile, "utf8"), certificate: readFileSync(certificateFile, "utf8") };
  rmSync(folder, { recursive: true });
  return credentials;
}
