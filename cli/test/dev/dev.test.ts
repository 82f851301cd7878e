// `stint dev` as a person has it: the built CLI as a process, real attempts, a real Ctrl-C.
import { stat } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { descendantsOf, processField } from "./kit/processes.ts";
import { type DevProcess, Project } from "./kit/project.ts";

const patience = 300_000;

const tasks = `
import { task } from "@stint/sdk";
const small = { instanceType: "starter" };
export const square = task("square", small, (n: number) => n * n);
export const sumSquares = task("sum_squares", small, async (a: number, b: number) => {
  const [x, y] = await Promise.all([square(a), square(b)]);
  return x + y;
});
export const secret = task("secret", small, () => {
  console.log("the secret has", process.env.SECRET?.length, "characters");
  return process.env.SECRET === "hunter2";
});
export const flaky = task("flaky", { ...small, retry: { maxRetries: 1, waitDurationMs: 50 } }, () => {
  throw new Error("no luck");
});
export const wait = task("wait", small, async (ms: number) => {
  console.log("waiting");
  await new Promise((resolve) => setTimeout(resolve, ms));
  return "the first code";
});
`;

let project: Project;
let server: DevProcess;

beforeAll(async () => {
  project = await Project.open(tasks);
  await project.write(".env", "# of the shop\nSECRET=hunter2\n");
  server = project.dev({ args: ["--env-file", ".env"] });
  await server.line(/revision 1 is Ready/);
}, patience);
afterAll(() => project[Symbol.asyncDispose]());

describe("stint dev (S281)", { timeout: patience }, () => {
  test("runs the tasks of the entry point, children and all, and tells of each attempt", async () => {
    const mark = server.mark;

    const { code, out } = await project.stint(server, "run", "shop/sum_squares", "--input", "[3,4]", "--wait");

    expect([code, out]).toEqual([0, "25\n"]);
    await server.line(/ shop\/square Succeeded after 1 attempt in \S+: 9$/, mark);
    await server.line(/ shop\/sum_squares Succeeded after 1 attempt in \S+: 25$/, mark);
  });

  test("tells of a failed attempt, the wait after it and the end in two lines, and shows the user's stack", async () => {
    const mark = server.mark;

    const { code } = await project.stint(server, "run", "shop/flaky", "--wait");

    expect(code).toBe(1);
    await server.line(/attempt 1 failed after \S+: TaskError: Error: no luck; attempt 2 follows after 0s$/, mark);
    await server.line(/attempt 2 failed after \S+: TaskError: Error: no luck; Failed after 2 attempts in \S+$/, mark);
    const [, line = ""] = await server.line(/src\/tasks\.ts:(\d+):\d+/, mark);
    expect(tasks.split("\n")[Number(line) - 1]).toContain("no luck");
  });

  test("gives attempts the environment of --env-file, and nobody else", async () => {
    const { out } = await project.stint(server, "run", "shop/secret", "--wait");
    const pods = await (
      await fetch(`${await server.url}/api/v1/pods`, { headers: await project.authorization() })
    ).text();

    expect(out).toBe("true\n");
    await server.line(/\| the secret has 7 characters$/);
    expect(pods).toContain('"STINT_MODE"');
    expect(server.output + pods).not.toContain("hunter2");
  });

  test("serves a program that is pointed at it (S283)", async () => {
    await project.write(
      "trigger.ts",
      `import { square } from "./src/tasks.ts";
       const run = await square.trigger([12], { bundle: "shop" });
       console.log(await run.result());`,
    );

    const { out, notes } = await project.node(server, "trigger.ts");

    expect([out, notes]).toEqual(["144\n", ""]);
  });

  test("leaves a kubeconfig for kubectl that nobody else can read", async () => {
    const [, file = ""] = await server.line(/export KUBECONFIG=(\S+)/);
    const { mode } = await stat(file);

    const { code, out } = await project.typed("--kubeconfig", file, "tasks", "shop");

    expect(mode & 0o777).toBe(0o600);
    expect(code).toBe(0);
    expect(out).toContain("shop/sum_squares");
  });
});

test("an operator that ends is started again, and a run that lives goes on", { timeout: patience }, async () => {
  const mark = server.mark;
  const running = project.stint(server, "run", "shop/wait", "--input", "[2000]", "--wait");
  await server.line(/\| waiting$/, mark);
  const [operator = 0] = descendantsOf(server.pid).filter((pid) => processField("args", pid).includes("operator.cjs"));

  process.kill(operator, "SIGKILL");

  await server.line(/^operator: it ended \(SIGKILL\) and is started again$/, mark);
  expect((await running).out).toBe('"the first code"\n');
});

describe("a change (S282)", { timeout: patience }, () => {
  test("registers a new revision, and live runs keep theirs", async () => {
    const mark = server.mark;
    const running = project.stint(server, "run", "shop/wait", "--input", "[4000]", "--wait");
    await server.line(/\| waiting$/, mark);

    await project.write("src/tasks.ts", tasks.replace("the first code", "the second code"));
    await server.line(/revision 2 is Ready/, mark);
    const { out: second } = await project.stint(server, "run", "shop/wait", "--input", "[1]", "--wait");

    expect(second).toBe('"the second code"\n');
    expect((await running).out).toBe('"the first code"\n');
  });

  test("that cannot be bundled is told of with its place, and the last good revision goes on", async () => {
    const mark = server.mark;

    await project.write("src/tasks.ts", `${tasks}\nconst x = ;\n`);
    await server.line(new RegExp(`src/tasks\\.ts:${tasks.split("\n").length + 1}:10`), mark);
    await server.line(/const x = ;/, mark);
    const { out } = await project.stint(server, "run", "shop/square", "--input", "[5]", "--wait");

    expect(out).toBe("25\n");
  });

  test("that cannot be registered is told of with its place, and the last good revision goes on", async () => {
    const mark = server.mark;
    const bad = 'throw new Error("while it is imported");';

    await project.write("src/tasks.ts", `${tasks}${bad}\n`);
    await server.line(/bundle shop is not Ready: ExitedBeforeRegistering: /, mark);
    await server.line(/Revision \d+ goes on serving\.$/, mark);
    await server.line(new RegExp(`src/tasks\\.ts:${tasks.split("\n").length}:\\d+`), mark);
    await server.line(/\| throw new Error\("while it is imported"\);$/, mark);
    const { out } = await project.stint(server, "run", "shop/square", "--input", "[6]", "--wait");

    expect(out).toBe("36\n");
  });

  test("that puts it right registers again", async () => {
    const mark = server.mark;

    await project.write("src/tasks.ts", tasks.replace("the first code", "the third code"));
    await server.line(/revision \d+ is Ready/, mark);
    const { out } = await project.stint(server, "run", "shop/wait", "--input", "[1]", "--wait");

    expect(out).toBe('"the third code"\n');
  });
});
