import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { status } from "../../../sdk/test/fakes/api-server.ts";
import { aBundle } from "../builders.ts";
import { Shell } from "../fakes/shell.ts";

const configMaps = "/api/v1/namespaces/team-a/configmaps";
const bundles = "/apis/stint.dev/v1alpha1/namespaces/team-a/taskbundles";
const registered = aBundle({ status: "True", reason: "Registered" });

let shell: Shell;
let entry: string;
beforeEach(async () => {
  shell = await Shell.open();
  entry = join(shell.directory, "tasks.ts");
  await writeFile(entry, "export const x = 1;");
  const { others } = shell.server;
  others.set(`POST ${configMaps}`, ({ body }) => ({ status: 201, body: body as object })); // the client's own
  others.set(`GET ${bundles}/math`, () => status(404, "NotFound", "not found"));
  others.set(`POST ${bundles}`, () => {
    others.set(`GET ${bundles}/math`, () => ({ status: 200, body: registered }));
    return { status: 201, body: aBundle({ status: "Unknown", reason: "Registering" }) };
  });
});
afterEach(() => shell[Symbol.asyncDispose]());

/** The ConfigMap's name is known only to who knows the code's hash. */
function answerAdoption(): void {
  const created = shell.server.others.get(`POST ${configMaps}`);
  shell.server.others.set(`POST ${configMaps}`, (request) => {
    const { metadata } = request.body as { readonly metadata: { readonly name: string } }; // the client's own
    shell.server.others.set(`PATCH ${configMaps}/${metadata.name}`, () => ({ status: 200, body: {} }));
    return created?.(request) ?? status(500, "InternalError", "no answer");
  });
}

describe("stint deploy", () => {
  beforeEach(answerAdoption);

  test("keeps the code under its hash, points the bundle at it, and shows the tasks (S11)", async () => {
    const code = await shell.type("deploy", entry, "--bundle", "math");

    expect(code).toBe(0);
    const [configMap, , bundle, adoption] = shell.server.seen;
    const { metadata, immutable, data } = (configMap?.body ?? {}) as Readonly<Record<string, Record<string, string>>>; // ours
    expect(metadata?.["name"]).toMatch(/^math-[0-9a-f]{8}$/);
    expect(immutable).toBe(true);
    expect(data?.["bundle.mjs"]).toContain("x = 1");
    expect(bundle?.body).toMatchObject({
      spec: { source: { configMap: { name: metadata?.["name"], key: "bundle.mjs" } } },
    });
    expect(adoption?.body).toMatchObject({ metadata: { ownerReferences: [{ kind: "TaskBundle", uid: "uid-math" }] } });
    expect(shell.notes.at(-1)).toBe("revision 3 is Ready");
    expect(shell.out[1]).toMatch(/^math\/square +Task +3 +squares a number$/);
  });

  test("changes nothing of an existing bundle but its source", async () => {
    shell.server.others.set(`GET ${bundles}/math`, () => ({ status: 200, body: registered }));
    shell.server.others.set(`PATCH ${bundles}/math`, () => ({ status: 200, body: registered }));

    await shell.type("deploy", entry, "--bundle", "math");

    const patch = shell.server.seen.find(({ method, path }) => method === "PATCH" && path.startsWith(bundles));
    const configMap = { name: expect.stringMatching(/^math-/) as string, key: "bundle.mjs" };
    expect(patch?.body).toEqual({ spec: { source: { inline: null, image: null, configMap } } });
  });

  test("waits for this generation's verdict, not for an earlier one's", async () => {
    const old = aBundle({ status: "True", reason: "Registered" }, { generation: 2, observed: 1 });
    shell.server.others.set(`POST ${bundles}`, () => {
      shell.server.others.set(`GET ${bundles}/math`, () => ({ status: 200, body: old }));
      return { status: 201, body: old };
    });

    const deploying = shell.type("deploy", entry, "--bundle", "math");
    await shell.server.watched();
    const object = aBundle({ status: "True", reason: "Registered" }, { generation: 2 });
    shell.server.tell("math", { type: "MODIFIED", object });

    expect(await deploying).toBe(0);
    expect(shell.notes.slice(-2)).toEqual(["waiting for the operator", "revision 3 is Ready"]);
  });

  test("ends with 1 and the operator's words if the revision does not register (S13)", async () => {
    const message = "entry point registered no tasks";
    const body = aBundle({ status: "False", reason: "NoTasks", message });
    shell.server.others.set(`POST ${bundles}`, () => {
      shell.server.others.set(`GET ${bundles}/math`, () => ({ status: 200, body }));
      return { status: 201, body };
    });

    expect(await shell.type("deploy", entry, "--bundle", "math")).toBe(1);
    expect(shell.notes.slice(-2)).toEqual([
      `error: bundle math is not Ready: NoTasks: ${message}`,
      "No revision serves yet.",
    ]);
  });
});

describe("code that was deployed before", () => {
  function answerExisting(text: (sent: string) => string): void {
    shell.server.others.set(`POST ${configMaps}`, ({ body }) => {
      const { metadata, data } = body as {
        readonly metadata: { readonly name: string };
        readonly data: Record<string, string>;
      }; // ours
      const path = `${configMaps}/${metadata.name}`;
      const existing = { metadata, data: { "bundle.mjs": text(data["bundle.mjs"] ?? "") } };
      shell.server.others.set(`GET ${path}`, () => ({ status: 200, body: existing }));
      shell.server.others.set(`PATCH ${path}`, () => ({ status: 200, body: {} }));
      return status(409, "AlreadyExists", "exists");
    });
  }

  test("is found again", async () => {
    answerExisting((sent) => sent);

    expect(await shell.type("deploy", entry, "--bundle", "math")).toBe(0);
  });

  test("is not taken for something else of that name", async () => {
    answerExisting(() => "something else");

    expect(await shell.type("deploy", entry, "--bundle", "math")).toBe(1);
    expect(shell.notes.at(-2)).toMatch(/^error: ConfigMap math-[0-9a-f]{8} exists and holds something else$/);
    expect(shell.server.seen.some(({ path }) => path.startsWith(bundles))).toBe(false);
  });
});
