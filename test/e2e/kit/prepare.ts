import { readFileSync } from "node:fs";

import { createBundle, kubectl, namespace } from "./cluster.ts";

/** The namespace of the scenarios, new, with the bundle of test/e2e/bundle.ts Ready in it. */
export async function prepareBundle(): Promise<void> {
  await kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--wait=true"]);
  await kubectl(["create", "namespace", namespace]);
  await kubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"]);
  const inline = readFileSync(new URL("../bundle.ts", import.meta.url), "utf8");
  await createBundle("e2e", { source: { inline }, defaults: { instanceType: "e2e-small" } });
  await kubectl(["wait", "--for=condition=Ready", "taskbundle/e2e", "--timeout=150s"]);
}
