// Which cluster the environment names (S283).
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { endpointKey, findEndpoint } from "../src/client/endpoint.ts";
import { localKubeconfigFile } from "../src/client/local-server.ts";

const unset = [
  "STINT_LOCAL_DEV",
  "STINT_LOCAL_DEV_URL",
  "RENDER_USE_LOCAL_DEV",
  "RENDER_LOCAL_DEV_URL",
  "STINT_URL",
  "STINT_TOKEN",
  "KUBECONFIG",
  "KUBERNETES_SERVICE_HOST",
];

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stint-endpoint-"));
  for (const name of unset) vi.stubEnv(name, undefined);
  vi.stubEnv("HOME", home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

/** What `stint dev` leaves behind on this port. */
async function aLocalServer(port: number, token: string): Promise<void> {
  const file = localKubeconfigFile(port);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ users: [{ name: "devcluster", user: { token } }] }));
}

/** A kubeconfig with the contexts `here` and `there`. */
async function aKubeconfig(): Promise<string> {
  const file = join(home, "kubeconfig");
  const context = (name: string) => ({ name, context: { cluster: name, user: "me", namespace: `team-${name}` } });
  const cluster = (name: string) => ({ name, cluster: { server: `https://${name}.example:6443` } });
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "here",
      contexts: ["here", "there"].map(context),
      clusters: ["here", "there"].map(cluster),
      users: [{ name: "me", user: { token: "from the kubeconfig" } }],
    }),
  );
  return file;
}

describe("the development server", () => {
  test.each([
    ...["1", "t", "T", "true", "TRUE", "True"].map((value) => ["STINT_LOCAL_DEV", value]),
    ["RENDER_USE_LOCAL_DEV", "1"],
  ])("is meant by %s=%s, whatever else is named", async (name, value) => {
    vi.stubEnv(name, value);
    vi.stubEnv("KUBECONFIG", await aKubeconfig());
    await aLocalServer(8120, "new each time");

    const { server, namespace, headers } = await findEndpoint();

    expect(server.href).toBe("http://localhost:8120/");
    expect(namespace).toBe("default");
    expect(await headers()).toEqual({ authorization: "Bearer new each time" });
  });

  test.each(["0", "false", "no", ""])("is not meant by STINT_LOCAL_DEV=%s", async (value) => {
    vi.stubEnv("STINT_LOCAL_DEV", value);
    vi.stubEnv("KUBECONFIG", await aKubeconfig());
    await aLocalServer(8120, "new each time");

    expect((await findEndpoint()).server.host).toBe("here.example:6443");
  });

  test.each(["STINT_LOCAL_DEV_URL", "RENDER_LOCAL_DEV_URL"])("is where %s says", async (name) => {
    vi.stubEnv(name, "http://127.0.0.1:9000");
    await aLocalServer(9000, "of port 9000");

    const { server, headers } = await findEndpoint({ local: true });

    expect(server.href).toBe("http://127.0.0.1:9000/");
    expect(await headers()).toEqual({ authorization: "Bearer of port 9000" });
  });

  test("may start again with another token under a program that runs on", async () => {
    await aLocalServer(8120, "first");
    const { headers } = await findEndpoint({ local: true });
    await aLocalServer(8120, "second");

    expect(await headers()).toEqual({ authorization: "Bearer second" });
  });

  test("that was not started is missed by its port, with what to do", async () => {
    await expect(findEndpoint({ local: true })).rejects.toMatchObject({
      message: "no development server on port 8120",
      remedy: expect.stringContaining("`stint dev`"),
    });
  });

  test.each(["https://localhost:8120", "http://192.0.2.7:8120", "http://localhost.example:8120", "8120"])(
    "is on this machine and speaks HTTP, so %s is none: its token is sent nowhere else",
    async (url) => {
      vi.stubEnv("STINT_LOCAL_DEV_URL", url);
      await aLocalServer(8120, "a secret");

      await expect(findEndpoint({ local: true })).rejects.toThrow(`"${url}" is no development server of this machine`);
    },
  );
});

describe("an address with its token", () => {
  test("comes before a kubeconfig", async () => {
    vi.stubEnv("KUBECONFIG", await aKubeconfig());
    vi.stubEnv("STINT_URL", "https://api.example:6443/clusters/one");
    vi.stubEnv("STINT_TOKEN", "secret");

    const { server, headers } = await findEndpoint();

    expect(server.href).toBe("https://api.example:6443/clusters/one");
    expect(await headers()).toEqual({ authorization: "Bearer secret" });
  });

  test("needs both", async () => {
    vi.stubEnv("STINT_URL", "https://api.example:6443");

    await expect(findEndpoint()).rejects.toThrow("STINT_URL is set without STINT_TOKEN");
  });

  test("is a URL", async () => {
    vi.stubEnv("STINT_URL", "api.example");
    vi.stubEnv("STINT_TOKEN", "secret");

    await expect(findEndpoint()).rejects.toThrow('STINT_URL "api.example" is no URL');
  });
});

describe("a kubeconfig", () => {
  test("that the caller names comes before everything, with the context that it names", async () => {
    vi.stubEnv("STINT_LOCAL_DEV", "1");

    const { server, namespace, headers } = await findEndpoint({ kubeconfig: await aKubeconfig(), context: "there" });

    expect(server.host).toBe("there.example:6443");
    expect(namespace).toBe("team-there");
    expect(await headers()).toEqual({ authorization: "Bearer from the kubeconfig" });
  });

  test("without the context says which it has", async () => {
    const asked = findEndpoint({ kubeconfig: await aKubeconfig(), context: "nowhere" });

    await expect(asked).rejects.toMatchObject({
      message: 'context "nowhere" is not in the kubeconfig',
      remedy: "Choose one of: here, there.",
    });
  });
});

test("nothing of all that is an error that says what to set", async () => {
  const message = "No Stint endpoint: set STINT_URL, STINT_LOCAL_DEV or a kubeconfig";
  await expect(findEndpoint()).rejects.toMatchObject({ name: "Error", message });
});

test("other settings are another client's", () => {
  const keys = new Set([endpointKey()]);
  for (const [name, value] of [
    ["STINT_LOCAL_DEV", "1"],
    ["STINT_LOCAL_DEV_URL", "http://localhost:9000"],
    ["STINT_URL", "https://api.example"],
    ["STINT_TOKEN", "secret"],
    ["KUBECONFIG", "/there"],
  ] as const) {
    vi.stubEnv(name, value);
    keys.add(endpointKey());
  }

  expect(keys.size).toBe(6);
});
