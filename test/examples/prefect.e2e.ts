// examples/prefect: many fetches at once, retries of several kinds, names and tags, generators, map.
import { beforeAll, expect } from "vitest";

import {
  childrenOf,
  createRun,
  finished,
  getRun,
  messageOf,
  podsOf,
  reason,
  reasonOf,
  runToEnd,
} from "../e2e/kit/cluster.ts";
import { scenario } from "../e2e/kit/scenario.ts";
import { prepareExample, type } from "./kit/example.ts";
import { WebServer } from "./kit/web-server.ts";

beforeAll(() => prepareExample("prefect"));

scenario("prefect: fetches run at once, in runs with a name and tags (S18, S19, S21, S114)", ["survey"], async () => {
  const repos = ["stint/one", "stint/two", "stint/three"];
  const allHere = meeting(repos.length); // nobody is answered before all have asked
  await using api = await WebServer.start(async ({ path }) => {
    await allHere();
    return { status: 200, body: { stargazers_count: path.length } };
  });

  const run = await runToEnd("survey", { task: "prefect/all-stars", input: [repos, api.url] });
  const children = await childrenOf("survey");

  expect(run.status).toMatchObject({
    phase: "Succeeded",
    result: { "stint/one": 16, "stint/two": 16, "stint/three": 18 },
  });
  expect(children.map(({ status }) => String(status?.displayName)).toSorted()).toEqual([
    "stars of stint/one",
    "stars of stint/three",
    "stars of stint/two",
  ]);
  for (const { metadata } of children) {
    expect(metadata.labels).toMatchObject({ "tag.stint.dev/github": "", "tag.stint.dev/survey": "" });
  }
});

scenario("prefect: waits come from a list, whose last entry repeats (S82)", ["unsteady"], async () => {
  let asked = 0;
  await using api = await WebServer.start(() =>
    ++asked <= 3 ? { status: 503 } : { status: 200, body: { stargazers_count: 7 } },
  );

  const run = await runToEnd("unsteady", { task: "prefect/stars", input: { repo: "stint/one", api: api.url } });

  expect(run.status).toMatchObject({ phase: "Succeeded", result: 7, attemptCount: 4, userRetries: 3 });
  expect(run.status?.attempts?.map(({ reason, error }) => [reason, error?.message])).toEqual([
    ["TaskError", "GET /repos/stint/one: 503"],
    ["TaskError", "GET /repos/stint/one: 503"],
    ["TaskError", "GET /repos/stint/one: 503"],
    ["Succeeded", undefined],
  ]);
});

scenario("prefect: a condition says what is worth a retry (S93)", ["missing"], async () => {
  await using api = await WebServer.start(() => ({ status: 404 }));

  const run = await runToEnd("missing", { task: "prefect/stars", input: { repo: "no/such", api: api.url } });

  expect(run.status).toMatchObject({ phase: "Failed", attemptCount: 1 });
  expect(reasonOf(run)).toBe("TaskError");
  expect(messageOf(run)).toBe("failed after 1 attempt(s): GET /repos/no/such: 404");
});

scenario("prefect: a wait with jitter is drawn around its mean (S83, S86, S87)", ["crowded"], async () => {
  await createRun("crowded", { task: "prefect/crowded" });
  await reason("crowded", "AwaitingRetry");
  const { status } = await getRun("crowded");
  await type("cancel", "crowded");
  const run = await finished("crowded");

  // From when the failure was noted and the slot given back, which on a busy machine is later than the attempt's end.
  const admitted = status?.conditions?.find((condition) => condition.type === "Admitted");
  const waitMs = Date.parse(status?.nextRetryAt ?? "") - Date.parse(admitted?.lastTransitionTime ?? "");
  expect(admitted?.status).toBe("False");
  expect(status?.phase).toBe("Pending");
  expect(waitMs).toBeGreaterThanOrEqual(6_290);
  expect(waitMs).toBeLessThanOrEqual(15_000);
  expect(run.status).toMatchObject({ phase: "Canceled", attemptCount: 1 });
  expect(await podsOf("crowded")).toHaveLength(1);
});

scenario(
  "prefect: map() starts a run for each element, and a list for all of them is unmapped (S128)",
  ["ranking"],
  async () => {
    const run = await runToEnd("ranking", { task: "prefect/ranking", input: [[30, 10, 20]] });

    expect(run.status).toMatchObject({ phase: "Succeeded", result: [1, 3, 2] });
    expect(await childrenOf("ranking")).toHaveLength(3);
  },
);

scenario("prefect: a generator's result is the list of what it yields (S23)", ["titles"], async () => {
  await using api = await WebServer.start(issues([["feature: more", "bug: less"], ["feature: most"], []]));

  const run = await runToEnd("titles", { task: "prefect/titles", input: ["stint/one", api.url] });

  expect(run.status).toMatchObject({ phase: "Succeeded", result: ["feature: more", "bug: less", "feature: most"] });
});

scenario("prefect: who reads a generator has its values while it runs (S24, S166)", ["first-bug"], async () => {
  await using api = await WebServer.start(issues([["feature: more"], ["bug: less"]])); // and a third page that never comes

  const run = await runToEnd("first-bug", { task: "prefect/first-bug", input: ["stint/one", api.url] });
  const [child] = await childrenOf("first-bug");

  expect(run.status).toMatchObject({ phase: "Succeeded", result: "bug: less" });
  expect(reasonOf(await finished(child?.metadata.name ?? ""))).toBe("Canceled");
});

/** Gives a function whose calls all wait until there were so many. */
function meeting(size: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let here = 0;
  return () => {
    if (++here === size) resolve();
    return promise;
  };
}

/** Answers with one page of titles after the other, and past the last one not at all. */
function issues(pages: readonly (readonly string[])[]): Parameters<typeof WebServer.start>[0] {
  return ({ path }) => {
    const page = pages[Number(/page=(\d+)/.exec(path)?.[1]) - 1];
    if (!page) return new Promise(() => {});
    return { status: 200, body: page.map((title) => ({ title })) };
  };
}
