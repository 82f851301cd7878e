// examples/render: the first steps with tasks, in several files.
import type { TaskBundle } from "@stint/crds/taskbundle";
import { beforeAll, expect } from "vitest";

import { childrenOf, messageOf, podsOf, reasonOf, runToEnd } from "../e2e/kit/cluster.ts";
import { scenario } from "../e2e/kit/scenario.ts";
import { prepareExample, type } from "./kit/example.ts";

beforeAll(() => prepareExample("render"));

scenario("render: one bundle has the tasks of every file that its entry point joins (S10, S12)", [], async () => {
  const { items } = JSON.parse(await type("tasks", "render", "-o", "json")) as {
    readonly items: readonly TaskBundle[];
  };

  expect(items[0]?.status?.tasks?.map(({ name }) => name).toSorted()).toEqual([
    "flip_coin",
    "greet",
    "photos/moderate",
    "photos/read",
    "photos/thumbnail",
    "process_photo_upload",
    "square",
    "sum_squares",
  ]);
});

scenario("render: the smallest task is a name and a function (S1, S2, S45)", ["square"], async () => {
  const run = await runToEnd("square", { task: "render/square", input: [12] });

  expect(run.status).toMatchObject({ phase: "Succeeded", result: 144, attemptCount: 1, instanceType: "starter" });
});

const greetings = ["by-position", "by-name", "too-many"];
scenario("render: arguments come by position or by name, and are counted (S29, S30, S35)", greetings, async () => {
  const [byPosition, byName, tooMany] = await Promise.all([
    runToEnd("by-position", { task: "render/greet", input: ["Ada", "Welcome"] }),
    runToEnd("by-name", { task: "render/greet", input: { name: "Ada" } }),
    runToEnd("too-many", { task: "render/greet", input: ["Ada", "Welcome", "back"] }),
  ]);

  expect(byPosition.status).toMatchObject({ phase: "Succeeded", result: "Welcome, Ada!" });
  expect(byName.status).toMatchObject({ phase: "Succeeded", result: "Hello, Ada!" });
  expect(reasonOf(tooMany)).toBe("InvalidInput");
  expect(messageOf(tooMany)).toBe("task greet expected 1 to 2 argument(s), got 3");
  expect(await podsOf("too-many")).toEqual([]);
});

scenario("render: sum_squares adds what two runs in pods of their own have squared (S107, S113)", ["sum"], async () => {
  const run = await runToEnd("sum", { task: "render/sum_squares", input: [3, 4] });
  const children = await childrenOf("sum");

  expect(run.status).toMatchObject({ phase: "Succeeded", result: 25 });
  expect(children.map(({ spec, status }) => `${spec.task}: ${String(status?.result)}`).toSorted()).toEqual([
    "render/square:1: 16",
    "render/square:1: 9",
  ]);
  const pods = await Promise.all(children.map(({ metadata }) => podsOf(metadata.name)));
  expect(pods.map(({ length }) => length)).toEqual([1, 1]);
});

scenario(
  "render: a coin that falls on tails is thrown again, three times at most (S81, S88, S89)",
  ["tails"],
  async () => {
    const run = await runToEnd("tails", { task: "render/flip_coin", input: [0.2] });

    expect(run.status).toMatchObject({ phase: "Failed", attemptCount: 4, userRetries: 3 });
    expect(reasonOf(run)).toBe("TaskError");
    expect(messageOf(run)).toBe("failed after 4 attempt(s): tails: try again");
  },
);

scenario("render: a coin of chance ends with heads, or has been thrown four times (S74, S88)", ["chance"], async () => {
  const { status } = await runToEnd("chance", { task: "render/flip_coin" });
  const faces = status?.attempts?.map(({ error }) => error?.message ?? "heads") ?? [];

  expect(faces.slice(0, -1)).toEqual(Array.from({ length: faces.length - 1 }, () => "tails: try again"));
  expect([status?.phase, status?.result, faces.at(-1)]).toEqual(
    status?.phase === "Succeeded" ? ["Succeeded", "heads", "heads"] : ["Failed", undefined, "tails: try again"],
  );
  expect(status?.phase === "Succeeded" || faces.length === 4).toBe(true);
});

scenario("render: an attempt that takes too long is stopped (S66, S68)", ["slow"], async () => {
  const run = await runToEnd("slow", { task: "render/photos/moderate" });

  expect(run.status).toMatchObject({ phase: "Failed", attempts: [{ reason: "TimedOut", class: "User" }] });
  expect(messageOf(run)).toBe("failed after 1 attempt(s): attempt exceeded its timeout of 1 second(s)");
});

scenario("render: a chain of tasks, each on the plan that it needs (S20, S55, S64, S121)", ["upload"], async () => {
  const run = await runToEnd("upload", {
    task: "render/process_photo_upload",
    input: ["https://photos.example/4000x3000/cat.jpg"],
  });
  const children = await childrenOf("upload");

  expect(run.status).toMatchObject({
    phase: "Succeeded",
    instanceType: "starter",
    result: {
      photo: "4000x3000",
      thumbnails: ["https://photos.example/4000x3000/cat.jpg?w=320", "https://photos.example/4000x3000/cat.jpg?w=1280"],
    },
  });
  expect(children.map(({ spec, status }) => `${spec.task} on ${status?.instanceType}`).toSorted()).toEqual([
    "render/photos/read:1 on starter",
    "render/photos/thumbnail:1 on pro",
    "render/photos/thumbnail:1 on pro",
  ]);
  expect(children[0]?.metadata.labels).toMatchObject({
    app: "photos",
    "stint.dev/bundle": "render",
    "stint.dev/parent": "upload",
    "stint.dev/root": "upload",
  });
});

scenario(
  "render: what fails in a chain fails it, in the words of what failed (S8, S115, S116)",
  ["no-photo"],
  async () => {
    const retry = { maxRetries: 0 };
    const run = await runToEnd("no-photo", { task: "render/process_photo_upload", input: ["cat.txt"], retry });
    const [child] = await childrenOf("no-photo");

    expect(run.status?.phase).toBe("Failed");
    expect(messageOf(run)).toBe(
      `failed after 1 attempt(s): Task run ${child?.metadata.name} (render/photos/read) failed: TaskError: ` +
        "failed after 2 attempt(s): cat.txt is no photo",
    );
  },
);
