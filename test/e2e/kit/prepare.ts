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
  const inline = readFileSync(new URL("../bundle.ts", import.meta.url), "utf8");
  await createBundle("e2e", { source: { inline }, defaults: { instanceType: "e2e-small" } });
  await kubectl(["wait", "--for=condition=Ready", "taskbundle/e2e", "--timeout=150s"]).catch(showBundle);
}

/** Without the bundle no scenario can run, so all that is known of it is shown. */
async function showBundle(error: unknown): Promise<never> {
  const views = [
    ["get", "taskbundle", "e2e", "-o", "yaml"],
    ["get", "pods", "-o", "yaml"],
    ["logs", "-l", "stint.dev/bundle=e2e", "--tail=50"],
    ["logs", "-n", operatorNamespace, "-l", "app.kubernetes.io/name=stint", "--tail=60"],
  ];
  for (const view of views) console.log(await kubectl(view).catch(String));
  throw error;
}
