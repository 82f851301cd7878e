import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  childName,
  parseTaskReference,
  podName,
  registrationPodName,
  revisionName,
  tagLabels,
  tagsOf,
  type TagOptions,
} from "../src/labels.ts";
import { limits } from "../src/limits.ts";

const uid = "5f2c9a52-6f3a-4a54-9a53-0d7a2b1f9f11";
const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

describe("the name of an attempt's pod (S98)", () => {
  test("is the run, five characters from its uid, and the attempt", () => {
    expect(podName({ name: "nightly", uid }, 2)).toMatch(/^nightly-[0-9a-v]{5}-2$/);
  });

  test("differs for a run that was deleted and created again under its name", () => {
    const before = podName({ name: "nightly", uid }, 1);

    const after = podName({ name: "nightly", uid: "0b8f2a34-1111-4a54-9a53-0d7a2b1f9f11" }, 1);

    expect(after).not.toBe(before);
  });

  test("fits into a label for the longest run name and the last attempt there can be", () => {
    const attempts = 1 + limits.maxRetries.max + limits.maxInfrastructureRetries.max;

    const name = podName({ name: "a".repeat(limits.runNameLength), uid }, attempts);

    expect(name.length).toBeLessThanOrEqual(63);
    expect(name).toMatch(dnsLabel);
  });
});

describe("names of a revision (S11, S12)", () => {
  test("start with the bundle and end with the number", () => {
    const bundle = { name: "math", uid };

    expect(revisionName(bundle, 7)).toMatch(/^math-[0-9a-v]{5}-r7$/);
    expect(registrationPodName(bundle, 7, 1)).toBe(`${revisionName(bundle, 7)}-1`);
  });

  test("fit into a label for the longest bundle name and the 100,000th revision", () => {
    const name = registrationPodName({ name: "a".repeat(limits.bundleNameLength), uid }, 99_999, 11);

    expect(name.length).toBeLessThanOrEqual(63);
  });
});

describe("the name of a child (S118, S120)", () => {
  const calls = fc.record({
    parentUid: fc.uuid(),
    attempt: fc.integer({ min: 1, max: 201 }),
    sequence: fc.integer({ min: 1, max: 10_000 }),
  });
  const keys = fc.record({
    parentUid: fc.uuid(),
    key: fc.string({ minLength: 1 }),
    ordinal: fc.integer({ min: 1, max: 50 }),
  });

  test("is the same for a repeated request", () => {
    fc.assert(
      fc.property(fc.oneof(calls, keys), (identity) => {
        const repeated = { ...identity };

        expect(childName(repeated)).toBe(childName(identity));
      }),
    );
  });

  test("is another for another call, key or ordinal", () => {
    fc.assert(
      fc.property(fc.oneof(calls, keys), fc.oneof(calls, keys), (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));

        expect(childName(one)).not.toBe(childName(other));
      }),
    );
  });

  test("is another for a key that looks like a call", () => {
    const byCall = childName({ parentUid: uid, attempt: 1, sequence: 2 });

    const byKey = childName({ parentUid: uid, key: "2", ordinal: 1 });

    expect(byKey).not.toBe(byCall);
  });

  test("is legal and leaves room for its pods", () => {
    const name = childName({ parentUid: uid, attempt: 1, sequence: 1 });

    expect(name).toMatch(/^trn-[0-9a-v]{20}$/);
    expect(name.length).toBeLessThanOrEqual(limits.runNameLength);
  });
});

describe("a task reference (S3)", () => {
  test.each([
    { text: "math/square", parts: { bundle: "math", task: "square" } },
    { text: "math/square:7", parts: { bundle: "math", task: "square", revision: 7 } },
    { text: "demo/images/resize", parts: { bundle: "demo", task: "images/resize" } },
    { text: "my.bundle-2/A_b.c-d", parts: { bundle: "my.bundle-2", task: "A_b.c-d" } },
    { text: `b/${"t".repeat(256)}`, parts: { bundle: "b", task: "t".repeat(256) } },
  ])("$text has its parts", ({ text, parts }) => {
    const reference = parseTaskReference(text);

    expect(reference).toEqual(parts);
  });

  test.each([
    { text: "square", why: "it names no bundle" },
    { text: "/square", why: "the bundle is empty" },
    { text: "math/", why: "the task is empty" },
    { text: "Math/square", why: "a bundle is an object of Kubernetes, in lower case" },
    { text: "math/-square", why: "a task begins with a letter, a digit or _" },
    { text: "math/square.", why: "and ends with one" },
    { text: "math/square:0", why: "revisions count from 1" },
    { text: "math/square:07", why: "a revision has one spelling" },
    { text: "math/square:latest", why: "a revision is a number" },
    { text: "math/square:", why: "the revision is empty" },
    { text: "math/squ are", why: "a space is not allowed" },
    { text: "math/square\n", why: "nor is a line break, not even the last" },
    { text: `b/${"t".repeat(257)}`, why: "the task is too long" },
  ])("$text is malformed: $why", ({ text }) => {
    const reference = parseTaskReference(text);

    expect(reference).toBeUndefined();
  });
});

describe("the tags of a run", () => {
  test.each<[string, TagOptions, readonly string[]]>([
    ["the task's, if it has none of its own", {}, ["a", "b"]],
    ["both, each once (S18)", { tags: ["b", "c"] }, ["a", "b", "c"]],
    ["both, if it says so", { tags: ["c"], tagPolicy: "Join" }, ["a", "b", "c"]],
    ["its own in the place of the task's (S26)", { tags: ["c"], tagPolicy: "Replace" }, ["c"]],
    ["none, if none stand in their place", { tags: [], tagPolicy: "Replace" }, []],
  ])("are %s", (_, options, tags) => {
    expect(tagsOf(["a", "b"], options)).toEqual(tags);
  });

  test("are labels too (S18)", () => {
    expect(tagLabels(["a", "b"])).toEqual({ "tag.stint.dev/a": "", "tag.stint.dev/b": "" });
  });
});
