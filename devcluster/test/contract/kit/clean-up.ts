import { Client } from "./client.ts";

/** After the last file: a cluster that was there before keeps nothing of ours. */
export async function teardown(): Promise<void> {
  const { STINT_CONTRACT, KUBECONFIG } = process.env;
  if (STINT_CONTRACT !== "cluster" || !KUBECONFIG) return;
  const client = new Client(KUBECONFIG);
  await client.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.contract.example.dev");
  client.close();
}
