// The gateway as it is now still serves the runners of every version that was published: what they sent is sent again, and
// each answer holds at least what it held then. Pods live for days, and an operator is upgraded under them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { podContract } from "@stint/crds/attempt";
import { describe, expect, test } from "vitest";

import { routes } from "../../operator/src/gateway/routes.ts";
import { ask, type Conversation, openWorld, outcomeFrom, type Recording, stories, type Story } from "./stories.ts";

const folder = join(import.meta.dirname, "recordings");
const recordings = readdirSync(folder).map((file) => {
  return JSON.parse(readFileSync(join(folder, file), "utf8")) as Recording; // as record.ts has written it
});

describe.each(recordings)("the runners of $version", ({ pod, manifest, conversations }) => {
  test("find in their pod what they look for, and where", () => {
    expect(podContract).toMatchObject(pod);
  });

  test.each(stories.map((story) => ({ story, title: story.title })))("are served: one $title", async ({ story }) => {
    const { exchanges, lastWords } = conversationOf(story, conversations);
    await using box = await openWorld(story, manifest);
    for (const { call, body, status, answer } of exchanges) {
      const now = await ask(box, story, { call, body });

      expect({ call, status: now.status, answer: now.body }).toMatchObject({ call, status, answer: served(answer) });

      await story.after?.(call, now.body, box);
    }
    expect(outcomeFrom(lastWords?.text)).toEqual(lastWords?.outcome);
  });

  test("have used every route that there was", () => {
    const used = new Set(conversations.flatMap(({ exchanges }) => exchanges.map(({ call }) => routeOf(call))));

    expect(routes.map(({ method, path }) => `${method} ${path}`).filter((route) => !used.has(route))).toEqual([]);
  });
});

test("there is a version to be served", () => {
  expect(recordings).not.toEqual([]);
});

function conversationOf({ title }: Story, conversations: readonly Conversation[]): Conversation {
  const found = conversations.find(({ story }) => story === title);
  if (!found) throw new Error(`no conversation in which one ${title}`);
  return found;
}

/** What an answer has to hold today: the same, but that a position is only a hint and says nothing to a runner. */
function served(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null || !("since" in answer)) return answer;
  return { ...answer, since: expect.any(String) };
}

function routeOf(call: string): string {
  return call.replace(/children\/[^/]+/, "children/:name").replace(/cache\/.+/, "cache/:name");
}
