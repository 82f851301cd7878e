import { defineConfig } from "vitest/config";

// What takes minutes of waiting on a real cluster, or shakes its nodes: `make e2e-slow`. test/e2e/run.ts --slow brings it up.
export default defineConfig({
  test: {
    include: ["test/e2e/**/*.slow.ts"],
    environment: "node",
    fileParallelism: false,
    maxConcurrency: 8,
    testTimeout: 600_000,
    hookTimeout: 300_000,
    reporters: ["./test/e2e/kit/table-reporter.ts"],
  },
});
