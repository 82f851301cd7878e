import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{crds,operator,runner-image,sdk,cli,devcluster,testing}/test/**/*.test.ts", "test/**/*.test.ts"],
    // Types are tested by the compiler: *.test-d.ts files are part of `tsc`.
    environment: "node",
    // Machines are shared: a slow one is no failure, and a test that hangs is found all the same.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
