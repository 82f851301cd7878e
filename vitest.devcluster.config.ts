import { defineConfig } from "vitest/config";

// The same scenarios as in vitest.e2e.config.ts, on devcluster: part of `make test`. The contract in kubectl's words is with
// them, because both need kubectl, and so are the examples: their tests play the services that tasks talk to.
export default defineConfig({
  test: {
    include: ["test/{e2e,demo,examples}/**/*.e2e.ts", "devcluster/test/**/*.e2e.ts"],
    environment: "node",
    globalSetup: ["test/e2e/kit/devcluster.ts"],
    setupFiles: ["test/e2e/kit/use-devcluster.ts"],
    // As on the real cluster: two cores carry it all.
    maxConcurrency: 5,
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["./test/e2e/kit/table-reporter.ts"],
  },
});
