import { readFileSync } from "node:fs";

import { createBundle, kubectl, namespace, operatorNamespace } from "./cluster.ts";

/** The namespace of the scenarios, new. */
export async function prepareNamespace(): Promise<void> {
  await kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--wait=true"]); // of an earlier run, with --keep
  await kubectl(["create", "namespace", namespace]);
  await kubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"]);
}

/** The same with the bundle of test/e2e/bundle.ts Ready in it. */
export async function prepareBundle(): Promise<void> {
  await prepareNamespace();
  await addBundle("e2e", "bundle.ts");
}

/** A bundle from a file of test/e2e, Ready; `spec` is what it has besides. */
export async function addBundle(
  name: string,
  file: string,
  spec: Record<string, unknown> = {},
  space = namespace,
): Promise<void> {
  const inline = readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
  await createBundle(name, { source: { inline }, defaults: { instanceType: "e2e-small" }, ...spec }, space);
  const ready = ["-n", space, "wait", "--for=condition=Ready", `taskbundle/${name}`, "--timeout=150s"];
  await kubectl(ready).catch((error: unknown) => showBundle(name, error));
}

/** Without the bundle no scenario can run, so all that is known of it is shown. */
async function showBundle(name: string, error: unknown): Promise<never> {
  const views = [
    ["get", "taskbundle", name, "-o", "yaml"],
    ["get", "pods", "-o", "yaml"],
    ["logs", "-l", `stint.dev/bundle=${name}`, "--tail=50"],
    ["logs", "-n", operatorNamespace, "-l", "app.kubernetes.io/name=stint", "--tail=60"],
  ];
  for (const view of views) console.log(await kubectl(view).catch(String));
  throw error;
}
