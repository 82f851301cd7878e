export interface Access {
  readonly url: string;
  /** PEM. */
  readonly authority: string;
  readonly token: string;
}

/** What kubectl and every client need to reach the cluster as its administrator: JSON, and so YAML as well. */
export function toKubeconfig({ url, authority, token }: Access): string {
  const name = "devcluster";
  const cluster = { server: url, "certificate-authority-data": Buffer.from(authority).toString("base64") };
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: "default" } }],
    "current-context": name,
  };
  return `${JSON.stringify(kubeconfig, null, 2)}\n`;
}
