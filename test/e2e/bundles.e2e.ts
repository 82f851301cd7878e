// Bundles come, change and break while runs go on.
import { beforeAll, expect } from "vitest";

import {
  createBundle,
  createRun,
  eventually,
  finished,
  getRun,
  kubectl,
  messageOf,
  namespace,
  podsOf,
  reason,
  runToEnd,
} from "./kit/cluster.ts";
import { prepareNamespace } from "./kit/prepare.ts";
import { scenario } from "./kit/scenario.ts";

beforeAll(prepareNamespace);

scenario("a bundle that appears later wakes the run that waits for it", ["early"], async () => {
  await createRun("early", { task: "late/greet", input: ["later"] });
  await reason("early", "BundleNotFound");
  const waiting = await getRun("early");

  await kubectl(["apply", "-f", "-"], { stdin: greeter("late", "Welcome") });
  const run = await finished("early");

  expect(waiting.status?.phase).toBe("Pending");
  expect(messageOf(waiting)).toBe(`bundle late does not exist in namespace ${namespace}`);
  expect(run.status).toMatchObject({ phase: "Succeeded", result: "Welcome, later!" });
});

scenario("a run stays on its revision while a newer one serves the next", ["on-first", "on-second"], async () => {
  await kubectl(["apply", "-f", "-"], { stdin: greeter("versions", "One", 4000) });
  await kubectl(["wait", "--for=condition=Ready", "taskbundle/versions", "--timeout=120s"]);
  await createRun("on-first", { task: "versions/greet", input: ["a"] });
  await reason("on-first", "AttemptRunning");
  await kubectl(["apply", "-f", "-"], { stdin: greeter("versions", "Two") });
  await kubectl(["wait", "--for=jsonpath={.status.revision}=2", "taskbundle/versions", "--timeout=120s"]);

  const second = await runToEnd("on-second", { task: "versions/greet", input: ["b"] });
  const first = await finished("on-first");
  const again = await runToEnd("on-first-again", { task: "versions/greet:1", input: ["c"] });

  expect(first.status).toMatchObject({ revision: 1, result: "One, a!" });
  expect(second.status).toMatchObject({ revision: 2, result: "Two, b!" });
  expect(again.status).toMatchObject({ revision: 1, result: "One, c!" });
});

scenario("a broken bundle says why, and the last Ready revision serves on", ["still-served"], async () => {
  await kubectl(["apply", "-f", "-"], { stdin: greeter("breaks", "Fine") });
  await kubectl(["wait", "--for=condition=Ready", "taskbundle/breaks", "--timeout=120s"]);

  await kubectl(["apply", "-f", "-"], { stdin: bundleYaml("breaks", "throw new Error('at import');") });
  await kubectl(["wait", "--for=condition=Ready=False", "taskbundle/breaks", "--timeout=120s"]);
  const message = await eventually("the reason of the failure", async () => {
    const text = await kubectl(["get", "taskbundle", "breaks", "-o", "jsonpath={.status.registering}"]);
    return text.includes("RegistrationFailed") ? text : undefined;
  });
  const run = await runToEnd("still-served", { task: "breaks/greet", input: ["x"] });

  expect(message).toContain("entry point exited with code 1 before registering tasks");
  expect(run.status).toMatchObject({ revision: 1, result: "Fine, x!" });
});

// The runner's own image, with a program mounted where an image that is built from it has one.
scenario("a program of an image's own finds the SDK beside the runner (S11)", ["of-runner", "of-image"], async () => {
  await kubectl(["apply", "-f", "-"], { stdin: greeter("inline", "Inline") });
  await runToEnd("of-runner", { task: "inline/greet", input: ["a"] });
  const [pod] = await podsOf("of-runner");
  const reference = pod?.spec?.containers?.[0]?.image;
  const program = 'import { task } from "@stint/sdk"; task("greet", (who) => "Image, " + who);';

  await kubectl(["create", "configmap", "program", `--from-literal=tasks.mjs=${program}`]);
  await createBundle("image", {
    source: { image: { reference, entrypoint: "tasks.mjs" } },
    podTemplate: {
      spec: {
        volumes: [{ name: "program", configMap: { name: "program" } }],
        volumeMounts: [{ name: "program", mountPath: "/stint/app" }],
      },
    },
    defaults: { instanceType: "e2e-small" },
  });
  const run = await runToEnd("of-image", { task: "image/greet", input: ["b"] });

  expect(run.status).toMatchObject({ phase: "Succeeded", result: "Image, b" });
});

function greeter(name: string, greeting: string, ms = 0): string {
  return bundleYaml(
    name,
    `import { task } from "@stint/sdk";
export const greet = task("greet", async (who: string) => {
  await new Promise((resolve) => setTimeout(resolve, ${ms}));
  return \`${greeting}, \${who}!\`;
});`,
  );
}

function bundleYaml(name: string, code: string): string {
  const spec = { source: { inline: code }, defaults: { instanceType: "e2e-small" } };
  return JSON.stringify({ apiVersion: "stint.dev/v1alpha1", kind: "TaskBundle", metadata: { name }, spec });
}
