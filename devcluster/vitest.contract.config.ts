import { defineConfig } from "vitest/config";

// The contract with kubectl in it. By default against a devcluster that each file starts; with STINT_CONTRACT=cluster
// against the cluster that KUBECONFIG names.
export default defineConfig({
  test: {
    include: ["devcluster/test/contract/**/*.{test,e2e}.ts"],
    environment: "node",
    globalSetup: ["devcluster/test/contract/kit/clean-up.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
