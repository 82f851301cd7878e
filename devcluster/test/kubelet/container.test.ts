// What a container finds: its environment, its files, its words and its output.
import { tmpdir } from "node:os";
import { dirname } from "node:path";

import { expect, test } from "vitest";

import { systemClock, type Clock } from "../../src/clock.ts";
import type { LogOptions } from "../../src/pod-logs.ts";
import type { Container, Pod } from "../../src/kubelet/pod.ts";
import {
  aCluster,
  firstWords,
  isOver,
  isRunning,
  localImages,
  namespace,
  script,
  sleeper,
  textOf,
  type TestCluster,
} from "./cluster.ts";

test("node is the one that runs the cluster, even for a pod that mounts what lies above it", async () => {
  const cluster = await aCluster({ images: () => ({}) });
  cluster.create({
    containers: [
      script("console.log(process.execPath)", { volumeMounts: [{ name: "v", mountPath: topOf(process.execPath) }] }),
    ],
    volumes: [{ name: "v", emptyDir: {} }],
  });

  await cluster.until(isOver);

  expect(await output(cluster)).toBe(`${process.execPath}\n`);
});

/** The first folder of a path: `/home` of `/home/me/node`. */
function topOf(path: string): string {
  return path.split("/", 2).join("/");
}

test("the environment comes from the image, from ConfigMaps and Secrets, from the pod itself, and the later wins", async () => {
  const cluster = await aCluster({
    images: (image) => ({ ...localImages(image), env: { ...localImages(image)?.env, A: "image", B: "image" } }),
  });
  keep(cluster, "configmaps", "settings", { B: "settings", C: "settings", one: "1" });
  keep(cluster, "secrets", "keys", { two: Buffer.from("2").toString("base64") });
  const env: Container["env"] = [
    { name: "ONE", valueFrom: { configMapKeyRef: { name: "settings", key: "one" } } },
    { name: "TWO", valueFrom: { secretKeyRef: { name: "keys", key: "two" } } },
    { name: "NONE", valueFrom: { secretKeyRef: { name: "keys", key: "three", optional: true } } },
    { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
    { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
    { name: "C", value: "own" },
    { name: "ALL", value: "$(ONE)$(TWO)$(C)" },
  ];
  const print =
    "const { A, B, C, ONE, TWO, NONE, POD, NODE, MEMORY, ALL } = process.env; console.log(JSON.stringify({ A, B, C, ONE, TWO, NONE, POD, NODE, MEMORY, ALL }))";

  cluster.create({
    containers: [
      script(print, {
        env,
        envFrom: [{ configMapRef: { name: "settings" } }],
        resources: { limits: { memory: "512Mi" } },
      }),
    ],
  });
  await cluster.until(isOver);

  expect(JSON.parse(await output(cluster))).toEqual({
    A: "image",
    B: "settings",
    C: "own",
    ONE: "1",
    TWO: "2",
    POD: "main",
    NODE: "local",
    MEMORY: "512",
    ALL: "12own",
  });
});

test("nothing of this process's own environment reaches a container but the path to its programs", async () => {
  const cluster = await aCluster();

  cluster.create({ containers: [script("console.log(Object.keys(process.env).sort().join())")] });
  await cluster.until(isOver);

  expect((await output(cluster)).trim()).toBe("HOME,HOSTNAME,PATH");
});

test("a volume mounted over a folder of this machine hides none of the machine's programs", async () => {
  const cluster = await aCluster({ images: () => ({}) });

  cluster.create({
    volumes: [{ name: "over", emptyDir: {} }],
    containers: [
      {
        ...script("console.log(process.execPath, process.env.HOME.includes('/root/main'))"),
        volumeMounts: [
          { name: "over", mountPath: dirname(process.execPath) },
          { name: "over", mountPath: tmpdir() },
        ],
      },
    ],
  });
  await cluster.until(isOver);

  expect((await output(cluster)).trim()).toBe(`${process.execPath} true`);
});

test("mounted volumes are found wherever their paths are named: in arguments, environment and working folder", async () => {
  const cluster = await aCluster();
  keep(cluster, "configmaps", "code", { "main.mjs": "export const x = 7;" });
  const read =
    "const { x } = await import(process.env.CODE); const { readFileSync } = await import('node:fs'); console.log(x, readFileSync(process.argv[1], 'utf8'), process.cwd().endsWith('/work'))";

  cluster.create({
    volumes: [
      { name: "code", configMap: { name: "code" } },
      { name: "about", downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } },
      { name: "work", emptyDir: {} },
    ],
    containers: [
      {
        ...script(""),
        command: ["node", "--input-type=module", "-e", read, "/etc/about/name"],
        env: [{ name: "CODE", value: "file:///app/code/main.mjs" }],
        workingDir: "/work",
        volumeMounts: [
          { name: "code", mountPath: "/app/code" },
          { name: "about", mountPath: "/etc/about" },
          { name: "work", mountPath: "/work" },
        ],
      },
    ],
  });
  await cluster.until(isOver);

  expect((await output(cluster)).trim()).toBe("7 main true");
});

test("code in a volume finds the modules that its image has above the mount", async () => {
  const modules = new URL("../../../node_modules", import.meta.url).pathname;
  const cluster = await aCluster({
    images: (image) => ({ ...localImages(image), paths: { "/app/node_modules": modules } }),
  });
  keep(cluster, "configmaps", "code", { "main.mjs": "import { parse } from 'yaml'; console.log(parse('a: 1').a)" });

  cluster.create({
    volumes: [{ name: "code", configMap: { name: "code" } }],
    containers: [
      {
        ...script(""),
        command: ["node", "/app/code/main.mjs"],
        volumeMounts: [{ name: "code", mountPath: "/app/code" }],
      },
    ],
  });
  await cluster.until(isOver);

  expect((await output(cluster)).trim()).toBe("1");
});

test("a volume that is missing is reported, and mounted once it is there", async () => {
  const cluster = await aCluster();
  cluster.create({ volumes: [{ name: "v", configMap: { name: "late" } }], containers: [script("")] });
  await eventually(cluster, () => cluster.events("FailedMount").length > 0);

  keep(cluster, "configmaps", "late", {});
  const pod = await cluster.until(isOver);

  expect(pod.status?.phase).toBe("Succeeded");
  expect(cluster.events("FailedMount")).toEqual([
    'MountVolume.SetUp failed for volume "v" : configmap "late" not found',
  ]);
});

test("a volume that can never be made fails its pod in words, and no other", async () => {
  const cluster = await aCluster();
  keep(cluster, "configmaps", "code", { a: "", b: "" });
  const items = [
    { key: "a", path: "file" },
    { key: "b", path: "file/below" },
  ];

  cluster.create({ volumes: [{ name: "v", configMap: { name: "code", items } }], containers: [sleeper] });
  const { status } = await cluster.until(isOver);

  expect(status).toMatchObject({ phase: "Failed", reason: "UnexpectedError" });
  expect(status?.message).toContain("file");
});

test("a token names its pod, and is renewed in its file before it expires", async () => {
  const cluster = await aCluster({ clock: hurried });
  const wait =
    "const read = () => require('fs').readFileSync('TOKEN', 'utf8'); const first = read(); console.log(first); setInterval(() => { if (read() !== first) process.exit(0) }, 5)";

  cluster.create({
    volumes: [
      {
        name: "token",
        projected: { sources: [{ serviceAccountToken: { audience: "us", expirationSeconds: 600, path: "token" } }] },
      },
    ],
    containers: [
      { ...script(wait.replace("TOKEN", "/run/token")), volumeMounts: [{ name: "token", mountPath: "/run" }] },
    ],
  });
  const pod = await cluster.until(isOver);

  const claims: unknown = JSON.parse(Buffer.from((await output(cluster)).split(".")[1] ?? "", "base64url").toString());
  expect(pod.status?.containerStatuses?.[0]?.state.terminated?.exitCode).toBe(0);
  expect(claims).toMatchObject({ aud: ["us"], "kubernetes.io": { pod: { name: "main", uid: pod.metadata.uid } } });
});

test.each([
  {
    given: "what it wrote into its file",
    code: "require('fs').writeFileSync('/dev/termination-log', 'bye')",
    policy: "File",
    then: "bye",
  },
  { given: "nothing, if it wrote nothing", code: "console.log('x'); process.exit(1)", policy: "File", then: undefined },
  {
    given: "its output, if it failed without a word",
    code: "console.log('x'); process.exit(1)",
    policy: "FallbackToLogsOnError",
    then: "x\n",
  },
  { given: "no output, if it succeeded", code: "console.log('x')", policy: "FallbackToLogsOnError", then: undefined },
  {
    given: "the last 80 lines of it",
    code: "console.log('\\n'.repeat(200)); process.exit(1)",
    policy: "FallbackToLogsOnError",
    then: "\n".repeat(80),
  },
])("a container's last words are $given", async ({ code, policy, then }) => {
  const cluster = await aCluster();

  cluster.create({ containers: [script(code, { terminationMessagePolicy: policy })] });
  const pod = await cluster.until(isOver);

  expect(terminated(pod)?.message).toBe(then);
});

test("output is followed to its end, and nothing of it is lost", async () => {
  const cluster = await aCluster();
  const count = "let n = 0; const t = setInterval(() => { console.log(n++); if (n === 20) clearInterval(t) }, 5)";

  cluster.create({ containers: [script(count)] });
  await cluster.until(isRunning);
  const followed = await output(cluster, { follow: true });

  expect(followed).toBe(Array.from({ length: 20 }, (_, n) => `${n}\n`).join(""));
  expect(await output(cluster, { tailLines: 2 })).toBe("18\n19\n");
  expect(await output(cluster, { tailLines: 1, timestamps: true })).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z 19\n$/);
  expect(cluster.nodes.logs.read(namespace, "main", "main", { previous: true })).toBeUndefined();
});

test("whoever stops following leaves at once", async () => {
  const cluster = await aCluster();
  cluster.create({ containers: [sleeper] });
  await firstWords(cluster);
  const reader = new AbortController();

  const followed = output(cluster, { follow: true, signal: reader.signal });
  reader.abort();

  expect(await followed).toMatch(/^(up\n)?$/);
});

test("a pod's events tell its story", async () => {
  const cluster = await aCluster();

  cluster.create({ containers: [sleeper] });
  await firstWords(cluster);
  cluster.api.delete("pods", { namespace, name: "main" });
  await cluster.until((_, isGone) => isGone);

  const story = cluster.api.list("events").map(({ reason, message }) => `${String(reason)}: ${String(message)}`);
  expect(story.sort()).toEqual([
    "Created: Created container: main",
    "Killing: Stopping container main",
    'Pulled: Container image "local" already present on machine',
    "Scheduled: Successfully assigned default/main to local",
    "Started: Started container main",
  ]);
});

test.each([
  { given: "restartPolicy Always", spec: { restartPolicy: "Always" } },
  { given: "initContainers", spec: { initContainers: [sleeper] } },
])("a pod with $given is refused in words", async ({ given, spec }) => {
  const cluster = await aCluster();

  cluster.create({ ...spec, containers: [sleeper] });
  const { status } = await cluster.until(isOver);

  expect(status).toMatchObject({
    reason: "UnexpectedAdmissionError",
    message: `Pod was rejected: ${given} not supported by this kubelet`,
  });
});

/** Hours pass in milliseconds. */
const hurried: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms > 60_000 ? 5 : ms, signal) };

function keep({ api }: TestCluster, resource: string, name: string, data: Readonly<Record<string, string>>): void {
  api.create(resource, { metadata: { name, namespace }, data });
}

async function output({ nodes }: TestCluster, options: LogOptions = {}): Promise<string> {
  const pieces = nodes.logs.read(namespace, "main", "main", options);
  return pieces ? textOf(pieces) : "";
}

function terminated({ status }: Pod) {
  return status?.containerStatuses?.[0]?.state.terminated;
}

/** Resolves at the first change of any event after which `isTrue`. */
function eventually({ api }: TestCluster, isTrue: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = api.watch("events", () => isTrue() && resolve());
  return promise.finally(stop);
}
