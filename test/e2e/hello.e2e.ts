// The first thing that anybody does, with nothing but kubectl.
import { expect, test } from "vitest";

import { kubectl } from "./kit/cluster.ts";

const space = ["-n", "stint-hello"];

test("examples/01-hello: kubectl apply, and the result is in the status", { timeout: 120_000 }, async () => {
  await kubectl(["delete", "namespace", "stint-hello", "--ignore-not-found"]);
  await kubectl(["create", "namespace", "stint-hello"]);

  await kubectl([...space, "apply", "-f", "examples/01-hello/hello.yaml"]);
  await kubectl([...space, "wait", "--for=condition=Finished", "taskrun/hello", "--timeout=100s"]);
  const result = await kubectl([...space, "get", "taskrun", "hello", "-o", "jsonpath={.status.result}"]);
  const columns = await kubectl([...space, "get", "trun"]);

  expect(result).toBe("Hello, world!");
  expect(columns).toMatch(/NAME\s+TASK\s+PHASE\s+REASON\s+ATTEMPTS\s+INSTANCE TYPE\s+DURATION\s+AGE/);
  expect(columns).toMatch(/hello\s+hello\/greet\s+Succeeded\s+Completed\s+1\s+starter/);
  await kubectl(["delete", "namespace", "stint-hello", "--wait=false"]);
});
