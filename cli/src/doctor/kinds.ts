import { apiVersion } from "@stint/crds/group";
import { canonicalJson, type Json, type JsonObject } from "@stint/crds/json";
import type { KubernetesObject } from "@stint/crds/kubernetes";

import type { Cluster } from "../cluster.ts";
import type { Resource } from "../resources.ts";
import { failed, ok, permitted, type Finding } from "./finding.ts";

interface CustomResourceDefinition extends KubernetesObject {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly schema?: { readonly openAPIV3Schema?: JsonObject };
    }[];
  };
}

const customResourceDefinitions: Resource<CustomResourceDefinition> = {
  api: "/apis/apiextensions.k8s.io/v1",
  plural: "customresourcedefinitions",
  scope: "Cluster",
  noun: "CustomResourceDefinition",
};

const [group = "", version = ""] = apiVersion.split("/");

/** Whether the cluster knows our kinds, and knows them as this CLI does. */
export async function checkKinds(cluster: Cluster): Promise<readonly Finding[]> {
  return permitted("CRDs", async () => {
    const { definitions } = await import("@stint/crds/crd/definitions"); // with it comes zod
    return Promise.all(
      definitions.map(async ({ kind, plural, schema }) => {
        const name = `${plural}.${group}`;
        return judge(kind, schema, await cluster.find(customResourceDefinitions, name));
      }),
    );
  });
}

function judge(kind: string, schema: Json, found: CustomResourceDefinition | undefined): Finding {
  const about = `CRD ${kind}`;
  const served = found?.spec.versions.find((each) => each.name === version && each.served);
  if (!served)
    return failed(about, "is missing", "Install Stint: helm install stint ./helm -n stint-system --create-namespace.");
  const known = served.schema?.openAPIV3Schema ?? {};
  if (canonicalJson(known) === canonicalJson(schema)) return ok(about, `${apiVersion}, current`);
  const remedy =
    "Bring cluster and CLI to the same version: kubectl apply --server-side -f helm/crds, or update stint.";
  return failed(about, `${apiVersion}, but of another version of Stint than this CLI`, remedy);
}
