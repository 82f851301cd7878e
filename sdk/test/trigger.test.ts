import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import { ClientError, task, taskRef, TaskRunError, withTags } from "../src/index.ts";
import { StubApiServer } from "./fakes/api-server.ts";
import { forgetTasks } from "./fakes/host.ts";

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

let server: StubApiServer;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "stint-sdk-"));
});
afterAll(() => rm(directory, { recursive: true }));

beforeEach(async () => {
  forgetTasks();
  server = await StubApiServer.start();
  const file = join(directory, `kubeconfig-${server.url.replaceAll(/\W/g, "")}`);
  await writeFile(file, kubeconfig(server.url));
  vi.stubEnv("KUBECONFIG", file);
  vi.stubEnv("STINT_BUNDLE", undefined);
  vi.stubEnv("TRACEPARENT", undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server[Symbol.asyncDispose]();
});

/** client-node talks plain HTTP only to a cluster whose certificate it need not check. */
function kubeconfig(url: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "stub", user: "me", namespace: "team-a" } }],
    clusters: [{ name: "stub", cluster: { server: url, "insecure-skip-tls-verify": true } }],
    users: [{ name: "me", user: { token: "secret" } }],
  });
}

const succeeded = {
  conditions: [
    { type: "Finished", status: "True", reason: "Completed", message: "" },
    { type: "Succeeded", status: "True", reason: "Completed", message: "" },
  ],
  attemptCount: 1,
  result: 16,
};
const failed = {
  conditions: [
    { type: "Finished", status: "True", reason: "TaskError", message: "failed after 4 attempt(s): bad" },
    { type: "Succeeded", status: "False", reason: "TaskError", message: "failed after 4 attempt(s): bad" },
  ],
  attemptCount: 4,
  error: { name: "RangeError", message: "bad" },
};

const square = taskRef<[n: number], number>("demo/square");

describe("trigger() creates", () => {
  test("a root run with the bundle and the tags as labels (S18, S110, S159)", async () => {
    const resize = task("images/resize", { tags: ["image"], labels: { type: "cpu" } }, (url: string, width = 640) => [
      url,
      width,
    ]);

    const handle = await resize.with({ timeoutSeconds: 5 }).trigger({ url: "u" }, { bundle: "media", tags: ["night"] });

    expect(handle.id).toMatch(/^trn-[0-9a-v]{20}$/);
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({
      method: "POST",
      path: "/apis/stint.dev/v1alpha1/namespaces/team-a/taskruns",
    });
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: "Bearer secret",
      "content-type": "application/json",
    });
    expect(server.seen[0]?.body).toEqual({
      apiVersion: "stint.dev/v1alpha1",
      kind: "TaskRun",
      metadata: {
        name: handle.id,
        namespace: "team-a",
        labels: { "stint.dev/bundle": "media", type: "cpu", "tag.stint.dev/image": "", "tag.stint.dev/night": "" },
      },
      spec: { task: "media/images/resize", input: { url: "u" }, timeoutSeconds: 5, tags: ["night"] },
    });
  });

  test("a run with the input as it was when it was triggered, whatever becomes of it later", async () => {
    const resize = task("resize", (options: { readonly widths: readonly number[] }) => options);
    const widths = [640];
    const input = { options: { widths } };
    const options = { bundle: "media", tags: ["night"] };

    const triggered = resize.trigger(input, options);
    widths.push(320);
    options.tags.push("day");
    const { id } = await triggered;

    expect(server.runs.get(id)?.spec).toMatchObject({ input: { options: { widths: [640] } }, tags: ["night"] });
  });

  test("a run whose tags stand in the place of the task's, as labels too (S18, S26)", async () => {
    const resize = task("images/resize", { tags: ["image"] }, (url: string) => url);

    await withTags(["eu"], () => resize.with({ tags: ["night"] }).trigger(["u"], { bundle: "media" }));

    expect(server.seen[0]?.body).toMatchObject({
      metadata: { labels: { "stint.dev/bundle": "media", "tag.stint.dev/night": "", "tag.stint.dev/eu": "" } },
      spec: { tags: ["night", "eu"], tagPolicy: "Replace" },
    });
    expect(server.seen[0]?.body).not.toHaveProperty(["metadata", "labels", "tag.stint.dev/image"]);
  });

  test.each([
    ["a trace goes on in the run", traceparent, { "stint.dev/traceparent": traceparent }],
    ["what is no trace does not", "00-trace", undefined],
  ])("a run in the caller's trace: %s (S151)", async (_, variable, annotations) => {
    vi.stubEnv("TRACEPARENT", variable);

    const { id } = await square.trigger([4]);

    expect(server.runs.get(id)?.metadata.annotations).toEqual(annotations);
  });

  test("a run of one size, the trigger's before the variant's (S9, S61)", async () => {
    const handle = await square.with({ resources: { cpu: 4 } }).trigger([4], { instanceType: "pro" });

    expect(server.runs.get(handle.id)?.spec).toEqual({ task: "demo/square", input: [4], instanceType: "pro" });
  });

  test("a run of that name, in that namespace, not before that instant (S73, S110)", async () => {
    const handle = await square.trigger([4], {
      name: "square-4",
      namespace: "team-b",
      startAt: "2026-01-01T01:00:00+01:00",
    });

    expect(handle.id).toBe("square-4");
    expect(server.seen[0]?.path).toBe("/apis/stint.dev/v1alpha1/namespaces/team-b/taskruns");
    expect(server.runs.get("square-4")?.spec).toEqual({
      task: "demo/square",
      input: [4],
      startAt: "2026-01-01T00:00:00.000Z",
    });
  });

  test("a run of the bundle in STINT_BUNDLE, if nobody names one", async () => {
    vi.stubEnv("STINT_BUNDLE", "demo");

    const handle = await task("now", () => 1).trigger();

    expect(server.runs.get(handle.id)?.spec).toEqual({ task: "demo/now", input: [] });
  });

  test("nothing twice under one name: the first run is given again (S111)", async () => {
    await square.trigger([4], { name: "once" });
    server.setStatus("once", succeeded);

    const again = await square.trigger([5], { name: "once" });

    expect(await again.result()).toBe(16);
    expect(server.runs.get("once")?.spec).toMatchObject({ input: [4] });
  });

  test("nothing under a name that another task's run has (S111)", async () => {
    await square.trigger([4], { name: "mine" });

    const other = taskRef("media/resize").trigger([], { name: "mine" });

    await expect(other).rejects.toBeInstanceOf(ClientError);
    await expect(other).rejects.toMatchObject({
      message: "run mine exists and belongs to demo/square",
      statusCode: 409,
    });
  });

  test("nothing, and says why, if the API server refuses", async () => {
    const message = 'TaskRun.stint.dev "x" is invalid: spec.task: Invalid value';
    server.fail({ status: 422, body: { kind: "Status", reason: "Invalid", message } });

    const refused = square.trigger([4], { name: "x" });

    await expect(refused).rejects.toMatchObject({
      name: "ClientError",
      message: `create run x: ${message}`,
      statusCode: 422,
      code: "Invalid",
    });
  });
});

function looped(): object {
  const value: { self?: object } = {};
  value.self = value;
  return value;
}

const unreadable = {
  get a(): never {
    throw new Error("no");
  },
};

describe("trigger() rejects without asking anybody", () => {
  test.each<[string, () => Promise<unknown>, string]>([
    [
      "without a bundle",
      () => task("t", () => 1).trigger(),
      'Task "t": trigger() needs its bundle: give the option bundle or set STINT_BUNDLE',
    ],
    [
      "for an input that is not JSON (S42)",
      () => square.trigger([Number.NaN]),
      'argument 1 of task "square" is not JSON-serializable: value at $ is NaN',
    ],
    [
      "for an input that holds itself, which has no copy (S42)",
      () => taskRef("demo/t").trigger([looped()]),
      'argument 1 of task "t" is not JSON-serializable: value at $.self is a cycle',
    ],
    [
      "for an input that cannot be read (S42)",
      () => taskRef("demo/t").trigger([unreadable]),
      'argument 1 of task "t" is not JSON-serializable: value at $.a is unreadable: Error: no',
    ],
    [
      "for an input that is too large (S43)",
      () => taskRef("demo/t").trigger(["x".repeat(524_288)]),
      "input of task demo/t is 524292 bytes, the limit is 524288 bytes (no payload store is configured)",
    ],
    [
      "for an unknown option (S7)",
      () => square.trigger([4], { queue: "q" } as object),
      'Task "square": unknown option "queue"',
    ],
    [
      "for a bad option (S28)",
      () => square.trigger([4], { deadlineSeconds: 0 }),
      'Task "square": deadlineSeconds must be an integer from 1 to 2592000, got 0',
    ],
    [
      "with a key, which is for calls",
      () => square.with({ key: "a" }).trigger([4]),
      'Task "square": option "key" is for calls; give the run a name',
    ],
  ])("%s", async (_, trigger, message) => {
    await expect(trigger()).rejects.toThrow(expect.objectContaining({ message }));
    expect(server.seen).toEqual([]);
  });

  test("where there is no cluster (S283)", async () => {
    vi.stubEnv("KUBECONFIG", undefined);
    vi.stubEnv("HOME", directory);
    vi.stubEnv("KUBERNETES_SERVICE_HOST", undefined);

    const message = "No Stint endpoint: set STINT_URL, STINT_LOCAL_DEV or a kubeconfig";
    await expect(square.trigger([4])).rejects.toMatchObject({ name: "Error", message });
  });
});

describe("the handle", () => {
  test("watches nothing before it is asked, then one object only (S110)", async () => {
    const handle = await square.trigger([4], { name: "square-4" });
    expect(server.seen).toHaveLength(1);

    const result = handle.result();
    await server.watched();
    server.setStatus("square-4", { phase: "Running" });
    server.setStatus("square-4", succeeded);

    expect(await result).toBe(16);
    const [, list, watch] = server.seen;
    expect(list?.query).toEqual({ fieldSelector: "metadata.name=square-4" });
    expect(watch?.query).toEqual({
      fieldSelector: "metadata.name=square-4",
      watch: "true",
      allowWatchBookmarks: "true",
      timeoutSeconds: "290",
      resourceVersion: "101",
    });
  });

  test("throws TaskRunError for a run that failed, and tells details of it (S110)", async () => {
    const handle = await square.trigger([4], { name: "square-4" });
    server.setStatus("square-4", failed);

    await expect(handle.result()).rejects.toBeInstanceOf(TaskRunError);
    await expect(handle.result()).rejects.toThrow(
      "Task run square-4 (demo/square) failed: TaskError: failed after 4 attempt(s): bad",
    );
    expect(await handle.details()).toEqual({
      id: "square-4",
      task: "demo/square",
      phase: "Failed",
      reason: "TaskError",
      message: "failed after 4 attempt(s): bad",
      attempts: 4,
      error: { name: "RangeError", message: "bad" },
    });
  });

  test.each(["Canceled", "ParentCanceled"])("says %s of a run that was (S115, S153)", async (reason) => {
    const handle = await square.trigger([4], { name: "square-4" });
    const conditions = ["Finished", "Succeeded"].map((type) => ({
      type,
      status: type === "Finished" ? "True" : "False",
      reason,
      message: "",
    }));
    server.setStatus("square-4", { conditions });

    expect(await handle.details()).toMatchObject({ phase: "Canceled", reason });
  });

  test("leaves when its caller does, and the run goes on (S110)", async () => {
    const handle = await square.trigger([4], { name: "square-4" });

    await expect(handle.wait({ timeoutMs: 20 })).resolves.toBeUndefined();
    await expect(handle.result({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });

    expect(server.seen.every(({ method }) => method !== "PATCH")).toBe(true);
  });

  test("cancels by merge patch (S161)", async () => {
    const handle = await square.trigger([4], { name: "square-4" });

    await handle.cancel();

    expect(server.seen.at(-1)).toMatchObject({ method: "PATCH", body: { spec: { cancel: true } } });
    expect(server.seen.at(-1)?.headers["content-type"]).toBe("application/merge-patch+json");
  });

  test("cannot cancel what has ended, or is gone (S167)", async () => {
    const handle = await square.trigger([4], { name: "square-4" });
    server.setStatus("square-4", succeeded);

    await expect(handle.cancel()).rejects.toMatchObject({
      name: "ClientError",
      message: "task run square-4 is not active",
    });
    server.delete("square-4");
    await expect(handle.cancel()).rejects.toMatchObject({ message: "task run not found: square-4", statusCode: 404 });
    await expect(handle.result()).rejects.toMatchObject({ message: "task run not found: square-4" });
  });
});
