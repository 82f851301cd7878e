import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The release is installed anew before all others need it, and its rights are judged by what they all have used. */
const order = ["/chart.e2e.ts", "", "/rbac.e2e.ts"] as const;

class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const named = order.findIndex((name) => name !== "" && moduleId.endsWith(name));
  return named < 0 ? order.indexOf("") : named;
}

// Scenarios on a real cluster, and the contract of devcluster against its API server. test/e2e/run.ts brings it up and sets the
// environment; without it the scenarios fail.
export default defineConfig({
  test: {
    include: ["test/e2e/**/*.e2e.ts", "devcluster/test/contract/**/*.{test,e2e}.ts"],
    globalSetup: ["devcluster/test/contract/kit/clean-up.ts"],
    environment: "node",
    fileParallelism: false,
    sequence: { sequencer: InOrder },
    // Two cores carry the cluster and the pods: more at once would only wait for each other.
    maxConcurrency: 5,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ["./test/e2e/kit/table-reporter.ts"],
  },
});
