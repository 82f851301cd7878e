import { annotation, label } from "@stint/crds/labels";
import { expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import { aManifestTask, anAcceptedRun, anAttempt, namespace, runUid, stamp } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

const run = { namespace, name: "square-4" };
const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

function usersLabels(labels: Readonly<Record<string, string>> = {}): object {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith("stint.dev/")));
}

const square = { task: { name: "square" }, input: [2] };

function refused(code: string, message: string): object {
  return { error: { code, message: expect.stringContaining(message) } };
}

function namesIn(body: unknown): unknown {
  const { children } = body as { children: { name?: string; error?: { code: string } }[] }; // as the gateway answers
  return children.map((child) => child.name ?? child.error?.code);
}

test("a start makes a child that says whose it is, in its parent's revision (S118, S121, S251)", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.post("children", {
    starts: [{ sequence: 1, ...square, options: { timeoutSeconds: 60, tags: ["nightly"] } }],
  });

  const [child] = box.children();
  expect(answer).toMatchObject({
    status: 200,
    body: { children: [{ sequence: 1, name: child?.metadata.name, uid: child?.metadata.uid }] },
  });
  expect(child).toMatchObject({
    metadata: {
      name: expect.stringMatching(/^trn-[0-9a-v]{20}$/),
      namespace,
      labels: {
        [label.bundle]: "math",
        [label.parent]: "square-4",
        [label.root]: "square-4",
        [label.rootUid]: runUid,
        "tag.stint.dev/nightly": "",
      },
      annotations: { [annotation.parentAttempt]: "1", [annotation.sequence]: "1", [annotation.depth]: "2" },
      ownerReferences: [
        { kind: "TaskRun", name: "square-4", uid: runUid, controller: true, blockOwnerDeletion: false },
      ],
    },
    spec: { task: "math/square:1", input: [2], timeoutSeconds: 60, tags: ["nightly"] },
  });
});

test("a child carries its task's tags and labels as labels, unless its own tags stand in their place (S18, S20, S26)", async () => {
  await using box = await GatewayBox.open();
  box.seedManifest([aManifestTask({ tags: ["math"], labels: { type: "cpu" } })]);

  const answer = await box.post("children", {
    starts: [
      { sequence: 1, ...square, options: { tags: ["nightly"] } },
      { sequence: 2, ...square, options: { tags: ["other"], tagPolicy: "Replace" } },
      { sequence: 3, task: { bundle: "media", name: "resize" }, input: [] },
    ],
  });

  const children = (namesIn(answer.body) as string[]).map((name) => box.run(name)); // none has failed
  const [joined, replaced, foreign] = children.map((child) => usersLabels(child?.metadata.labels));
  expect(joined).toEqual({ type: "cpu", "tag.stint.dev/math": "", "tag.stint.dev/nightly": "" });
  expect(replaced).toEqual({ type: "cpu", "tag.stint.dev/other": "" });
  expect(foreign).toEqual({}); // nobody knows that bundle
  expect(children.map((child) => child?.spec.tagPolicy)).toEqual([undefined, "Replace", undefined]);
});

test.each([
  { given: "a child inherits the trace of its parent (S151)", text: traceparent, inherited: [traceparent] },
  { given: "a child does not inherit what is no trace", text: "a trace", inherited: [undefined] },
])("$given", async ({ text, inherited }) => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([anAttempt()], { metadata: { annotations: { [annotation.traceparent]: text } } }));

  await box.post("children", { starts: [{ sequence: 1, ...square }] });

  expect(box.children().map(({ metadata }) => metadata.annotations?.[annotation.traceparent])).toEqual(inherited);
});

test("a child of a child belongs to the same root, one level deeper", async () => {
  await using box = await GatewayBox.open();
  const metadata = { annotations: { [annotation.depth]: "2" } };
  box.seedRun(anAcceptedRun([anAttempt()], { metadata, status: { root: { name: "top", uid: "top-uid" } } }));

  await box.post("children", { starts: [{ sequence: 1, ...square }] });

  expect(box.children()[0]?.metadata).toMatchObject({
    labels: { [label.parent]: "square-4", [label.root]: "top", [label.rootUid]: "top-uid" },
    annotations: { [annotation.depth]: "3" },
  });
});

test("a task of another bundle is called in that one's newest revision (S251)", async () => {
  await using box = await GatewayBox.open();

  await box.post("children", { starts: [{ sequence: 1, task: { bundle: "media", name: "resize" }, input: [] }] });

  expect(box.children()).toMatchObject([{ spec: { task: "media/resize" } }]);
});

test("the starts of a request are answered in their order", async () => {
  await using box = await GatewayBox.open();
  const starts = Array.from({ length: 100 }, (_, index) => ({ sequence: index + 1, ...square, input: [index] }));

  const answer = await box.post("children", { starts });

  const names = namesIn(answer.body) as string[]; // none has failed
  expect(names.map((name) => box.run(name)?.spec.input)).toEqual(starts.map(({ input }) => input));
});

test("a repeated start finds the child of the first, whether or not the cache knows it", async () => {
  await using box = await GatewayBox.open();
  const start = { starts: [{ sequence: 1, ...square }] };
  box.caches.fallBehind();

  const first = await box.post("children", start);
  const unseen = await box.post("children", start);
  box.caches.catchUp();
  const seen = await box.post("children", start);

  expect([unseen.body, seen.body]).toEqual([first.body, first.body]);
  expect(box.children()).toHaveLength(1);
});

test("a start whose answer was lost finds its own child (S118)", async () => {
  await using box = await GatewayBox.open();
  box.caches.fallBehind();
  box.cluster.commitThenFailNext("create", taskRuns);
  const start = { starts: [{ sequence: 1, ...square }] };

  const lost = await box.post("children", start);
  const found = await box.post("children", start);

  expect(lost).toMatchObject({ status: 503, body: { code: "Unavailable" } });
  expect(found.status).toBe(200);
  expect(box.children()).toHaveLength(1);
});

test("a later attempt of the parent starts children of its own (S119)", async () => {
  await using box = await GatewayBox.open();
  await box.post("children", { starts: [{ sequence: 1, ...square }] });
  const token = await box.beginSecondAttempt();

  await box.post("children", { starts: [{ sequence: 1, ...square }] }, { token });

  expect(box.children()).toHaveLength(2);
});

test("a name that another run holds is not taken over", async () => {
  await using box = await GatewayBox.open();
  const start = { starts: [{ sequence: 1, ...square }] };
  const name = String(namesIn((await box.post("children", start)).body));
  box.cluster.remove(taskRuns, { namespace, name });
  box.cluster.seed(taskRuns, { metadata: { name, namespace, uid: "foreign" }, spec: { task: "media/resize:3" } });

  const answer = await box.post("children", start);

  const message = `run ${name} exists and belongs to media/resize`;
  expect(answer.body).toMatchObject({ children: [{ sequence: 1, error: { code: "KeyConflict", message } }] });
});

test("one bad start does not spoil the others", async () => {
  await using box = await GatewayBox.open();
  box.cluster.failNext(
    "create",
    taskRuns,
    apiError("invalid", { serverMessage: "spec.retry: delaysSeconds excludes waitDurationMs" }),
  );
  const large = "x".repeat(524_287);

  const answer = await box.post("children", {
    starts: [
      { sequence: 1, ...square },
      { sequence: 2, ...square, input: [large] },
      { sequence: 3, task: { name: "no task's name" }, input: [] },
      { sequence: 4, ...square, options: { timeoutSeconds: 0 } },
      { sequence: 5, ...square, options: { tags: ["not a tag"] } },
      { sequence: 6, ...square, options: { prority: 1 } },
      { sequence: 7, ...square },
    ],
  });

  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    children: [
      { sequence: 1, ...refused("InvalidRequest", "spec.retry: delaysSeconds excludes waitDurationMs") },
      {
        sequence: 2,
        ...refused(
          "TooLarge",
          "input of task math/square is 524291 bytes, the limit is 524288 bytes (no payload store is configured)",
        ),
      },
      { sequence: 3, ...refused("InvalidRequest", "is not <bundle>/<task>") },
      { sequence: 4, ...refused("InvalidRequest", "options.timeoutSeconds") },
      { sequence: 5, ...refused("InvalidRequest", 'tag "not a tag" is not allowed: use 1 to 63 of A-Z a-z 0-9 _ - .') },
      { sequence: 6, ...refused("InvalidRequest", "prority") },
      { sequence: 7, name: expect.any(String) },
    ],
  });
});

test("while the API server is away the whole request is to be repeated", async () => {
  await using box = await GatewayBox.open();
  box.cluster.failNext("create", taskRuns, apiError("unavailable"));

  const answer = await box.post("children", { starts: [1, 2].map((sequence) => ({ sequence, ...square })) });

  expect(answer).toMatchObject({ status: 503, body: { code: "Unavailable" } });
});

test.each([
  { bound: "depth", limits: { treeDepth: 1, treeSize: 0 }, started: 0 },
  { bound: "size", limits: { treeDepth: 0, treeSize: 2 }, started: 2 },
])("a tree does not grow beyond its $bound limit (S127)", async ({ bound, limits, started }) => {
  await using box = await GatewayBox.open({ limits });

  const answer = await box.post("children", { starts: [1, 2, 3].map((sequence) => ({ sequence, ...square })) });

  const limit = limits.treeDepth || limits.treeSize;
  const message = `run tree of square-4 has reached its ${bound} limit of ${limit}`;
  expect(box.children()).toHaveLength(started);
  expect(answer.body).toMatchObject({
    children: [{}, {}, { sequence: 3, error: { code: "TreeLimitExceeded", message } }],
  });
});

test("a limit of 0 is none, and a full tree still answers for its own children", async () => {
  await using unlimited = await GatewayBox.open({ limits: { treeDepth: 0, treeSize: 0 } });
  await using full = await GatewayBox.open({ limits: { treeDepth: 0, treeSize: 1 } });
  const start = { starts: [{ sequence: 1, ...square }] };
  const first = await full.post("children", start);

  const repeated = await full.post("children", start);
  const free = await unlimited.post("children", start);

  expect(repeated.body).toEqual(first.body);
  expect(namesIn(free.body)).toEqual(namesIn(first.body));
});

test("a run that is being canceled starts nothing (S125)", async () => {
  await using box = await GatewayBox.open();
  box.cluster.edit(taskRuns, run, (live) => ({ ...live, spec: { ...live.spec, cancel: true } }));

  const answer = await box.post("children", { starts: [{ sequence: 1, ...square }] });

  expect(answer).toMatchObject({ status: 409, body: { code: "Canceled" } });
  expect(box.children()).toEqual([]);
});

test("neither does a run whose parent is being canceled (S165)", async () => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([], { metadata: { name: "sum", uid: "sum-uid" }, spec: { cancel: true } }));
  const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "sum", uid: "sum-uid", controller: true };
  box.seedRun(anAcceptedRun([anAttempt()], { metadata: { ownerReferences: [owner] } }));

  const answer = await box.post("children", { starts: [{ sequence: 1, ...square }] });

  expect(answer).toMatchObject({ status: 409, body: { code: "Canceled" } });
});

test("an attempt that has ended starts nothing", async () => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([anAttempt(1, { finishedAt: stamp(5) })]));

  const answer = await box.post("children", { starts: [{ sequence: 1, ...square }] });

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
});
