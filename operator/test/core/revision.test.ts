import { describe, expect, test } from "vitest";

import { desiredCode, desiredRevision, hashOfSpec, pinImage } from "../../src/core/revision.ts";
import { aManifestTask, bundleUid } from "../builders.ts";
import { aTaskBundle, inlineSource } from "../bundle-builders.ts";

const digest = `sha256:${"a".repeat(64)}`;
const other = `sha256:${"b".repeat(64)}`;

describe("the digest of an image", () => {
  test.each([
    ["registry.example/math:2", `registry.example/math@${digest}`, `registry.example/math@${digest}`],
    ["registry.example:5000/math", `registry.example:5000/math@${digest}`, `registry.example:5000/math@${digest}`],
    ["math:2", `docker.io/library/math@${digest}`, `math@${digest}`],
    ["acme/math", `docker.io/acme/math@${digest}`, `acme/math@${digest}`],
    ["localhost/math:2", `localhost/math@${digest}`, `localhost/math@${digest}`],
    ["math:2", `docker-pullable://math@${digest}`, `math@${digest}`],
  ])("%s, run as %s, is pinned as %s", (reference, imageId, image) => {
    expect(pinImage(reference, imageId)).toEqual({ image, digest });
  });

  test.each([
    ["nothing", ""],
    ["no repository", digest],
    ["the name that a load by hand invents", `docker.io/library/import-2026-01-01@${digest}`],
    ["another repository of the same content", `registry.example/copy@${digest}`],
  ])("an imageID with %s leaves the reference as it is", (_, imageId) => {
    expect(pinImage("registry.example/math:2", imageId)).toEqual({ image: "registry.example/math:2" });
  });

  test("one that is written in the reference needs no imageID, and rules over it", () => {
    const reference = `registry.example/math@${digest}`;

    expect(pinImage(reference, `registry.example/math@${other}`)).toEqual({ image: reference, digest });
  });
});

describe("the hash of a spec", () => {
  test("does not depend on the order of its members", () => {
    const one = hashOfSpec({ source: { inline: "x" }, serviceAccountName: "a" });
    const same = hashOfSpec({ serviceAccountName: "a", source: { inline: "x" } });

    expect(one).toBe(same);
  });

  test("changes with an annotation in the template, which registers the same source anew", () => {
    const one = hashOfSpec({ source: { inline: "x" } });
    const annotated = hashOfSpec({
      source: { inline: "x" },
      podTemplate: { metadata: { annotations: { again: "1" } } },
    });

    expect(one).not.toBe(annotated);
  });
});

describe("what a revision is made of", () => {
  const registered = { revision: 3, specHash: "hash", manifest: [aManifestTask()], imageId: "" };
  const owner = { kind: "TaskBundle", name: "math", uid: bundleUid, controller: true, blockOwnerDeletion: false };

  test("the code is immutable, goes with its bundle, and stands where the runner looks for it", () => {
    const code = desiredCode(aTaskBundle(), 3, "export {};");

    expect(code).toMatchObject({
      metadata: { labels: { "stint.dev/bundle": "math" }, ownerReferences: [owner] },
      immutable: true,
      data: { "bundle.mjs": "export {};" },
    });
    expect(code.metadata.name).toMatch(/^math-[0-9a-v]{5}-r3$/);
  });

  test("the ControllerRevision bears the name of the code, and goes with its bundle", () => {
    const bundle = aTaskBundle();

    const { metadata, revision } = desiredRevision(bundle, registered);

    expect(metadata.name).toBe(desiredCode(bundle, 3, "").metadata.name);
    expect(metadata).toMatchObject({
      labels: { "stint.dev/bundle": "math", "stint.dev/component": "bundle" },
      ownerReferences: [owner],
    });
    expect(revision).toBe(3);
  });

  test("it keeps the whole spec but the inline text, which is in the ConfigMap", () => {
    const bundle = aTaskBundle({ spec: { serviceAccountName: "runner", defaults: { timeoutSeconds: 60 } } });

    const { data, metadata } = desiredRevision(bundle, registered);

    expect(data).toMatchObject({
      revision: 3,
      bundleUid,
      specHash: "hash",
      manifest: [{ name: "square" }],
      codeConfigMap: metadata.name,
    });
    expect(data.spec).toEqual({ source: {}, serviceAccountName: "runner", defaults: { timeoutSeconds: 60 } });
    expect(JSON.stringify(data)).not.toContain(inlineSource.slice(0, 20));
    expect(data).not.toHaveProperty("image");
  });

  test("of an image it keeps the pinned name and no ConfigMap", () => {
    const image = { reference: "registry.example/math:2", entrypoint: "dist/tasks.js" };
    const bundle = aTaskBundle({ spec: { source: { image } } });

    const { data } = desiredRevision(bundle, { ...registered, imageId: `registry.example/math@${digest}` });

    expect(data).toMatchObject({ image: `registry.example/math@${digest}`, digest, spec: { source: { image } } });
    expect(data).not.toHaveProperty("codeConfigMap");
  });
});
