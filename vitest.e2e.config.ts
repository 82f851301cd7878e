import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

function isJudge({ moduleId }: TestSpecification): boolean {
  return moduleId.endsWith("/rbac.e2e.ts");
}

/** What judges all that went before comes last. */
class JudgeLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter((file) => !isJudge(file)), ...sorted.filter(isJudge)];
  }
}

// Scenarios on a real cluster, and the contract of devcluster against its API server. test/e2e/run.ts brings it up and sets the
// environment; without it the scenarios fail.
export default defineConfig({
  test: {
    include: ["test/e2e/**/*.e2e.ts", "devcluster/test/contract/**/*.{test,e2e}.ts"],
    globalSetup: ["devcluster/test/contract/kit/clean-up.ts"],
    environment: "node",
    fileParallelism: false,
    sequence: { sequencer: JudgeLast },
    // Two cores carry the cluster and the pods: more at once would only wait for each other.
    maxConcurrency: 5,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ["./test/e2e/kit/table-reporter.ts"],
  },
});
