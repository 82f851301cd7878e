// `node test/protocol/record.ts`: plays every story with the runner as it is now, against the gateway as it is now, and keeps
// what they said as this version's. To be run once for each version that is published; a recording is never made anew, since it
// stands for runners that are out there.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { podContract } from "@stint/crds/attempt";
import type { Manifest } from "@stint/crds/manifest";
import { build } from "esbuild";

import project from "../../package.json" with { type: "json" };
import { buildRunner, buildSdk } from "../../runner-image/build.ts";
import { anAuthority } from "../../runner-image/test/fakes/certificates.ts";
import { RunnerProcess } from "../../runner-image/test/fakes/runner-process.ts";
import { StubGateway } from "../../runner-image/test/fakes/stub-gateway.ts";
import { run, say } from "../shell.ts";
import {
  ask,
  type Conversation,
  type Exchange,
  openWorld,
  outcomeFrom,
  type Recording,
  stories,
  type Story,
} from "./stories.ts";

const root = mkdtempSync(join(tmpdir(), "stint-protocol-"));
const runner = join(root, "runner.cjs");
const authority = anAuthority();
const unavailable = { status: 503, body: { code: "Unavailable", message: "there is nobody" } };

try {
  await Promise.all([buildRunner(runner), buildSdk(join(root, "node_modules/@stint/sdk"))]);
  const entry = await bundled();
  const conversations: Conversation[] = [];
  let manifest: Manifest = [];
  for (const story of stories) {
    const conversation = await played(story, entry, manifest);
    conversations.push(conversation);
    if (story.task === undefined) manifest = registeredIn(conversation);
    say(`${story.title}: ${conversation.exchanges.map(({ call }) => call).join(", ")}`);
  }
  const recording: Recording = { version: project.version, pod: podContract, manifest, conversations };
  const file = join(import.meta.dirname, "recordings", `${project.version}.json`);
  writeFileSync(file, inCluster(JSON.stringify(recording)), { flag: "wx" });
  await run("oxfmt", [file]);
} finally {
  rmSync(root, { recursive: true });
}

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "tasks.ts")],
    external: ["@stint/sdk"],
    bundle: true,
    platform: "node",
    format: "esm",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

async function played(story: Story, entry: string, manifest: Manifest): Promise<Conversation> {
  await using box = await openWorld(story, manifest);
  await using gateway = await StubGateway.start({ authority });
  const exchanges: Exchange[] = [];
  gateway.otherwise(async ({ call, body }) => {
    if (story.isCutOff && call === "POST report") return unavailable;
    const asked = { call, ...(body !== undefined && { body }) };
    const { status, body: answer } = await ask(box, story, asked);
    exchanges.push({ ...asked, status, answer });
    await story.after?.(call, answer, box);
    return { status, body: answer };
  });
  await using process = await RunnerProcess.start({
    runner,
    target: gateway.target,
    mode: story.task === undefined ? "register" : "run",
    files: { "entry.mjs": entry },
    hastened: story.isCutOff ?? false,
  });
  if (story.isStopped) {
    await gateway.arrived("POST progress");
    process.kill("SIGTERM");
  }
  const { stderr } = await process.exit;
  if (stderr !== "") say(stderr);
  const text = await process.terminationText();
  return { story: story.title, exchanges, ...(text !== "" && { lastWords: { text, outcome: outcomeFrom(text) } }) };
}

function registeredIn({ exchanges }: Conversation): Manifest {
  const [registration] = exchanges;
  return (registration?.body as { tasks: Manifest } | undefined)?.tasks ?? []; // what a runner registers
}

/** There the code lies in the same place for everybody. */
function inCluster(text: string): string {
  return text.replaceAll(new RegExp(`${root}/pod-\\w+`, "g"), podContract.codeDirectory).replaceAll(root, "/stint");
}
