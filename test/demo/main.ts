// `make demo`: a cluster and the operator, started here, the examples applied, and the story of their attempts. It needs no
// Docker and no kubectl. Exits 0 only if everything ended as it should, and says what did not; Ctrl-C ends whatever it started.
// An argument names the folder in which the operator and the runner are built; without it they are where `make cli` puts them.
import { execFile } from "node:child_process";
import { constants } from "node:os";
import { promisify, styleText } from "node:util";

import { type Embedded, startEmbedded } from "../../cli/src/dev/embedded.ts";
import { say } from "../shell.ts";
import { type Act, acts, type Step } from "./acts.ts";
import { DemoCluster } from "./cluster.ts";
import { differences, storyOf } from "./story.ts";

const began = performance.now();
const leaving = new AbortController();
const [assets] = process.argv.slice(2);
const stage = startEmbedded(assets === undefined ? {} : { assets });
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void leave(128 + constants.signals[signal]));
}

try {
  const embedded = await stage;
  await (
    await embedded.startOperator()
  ).ready;
  say(`A Kubernetes API, a node and the operator are up after ${seconds()} s, all of them processes of this machine.`);
  await leave((await play(embedded)) ? 0 : 1);
} catch (error) {
  if (!leaving.signal.aborted) say(error instanceof Error ? error.message : String(error));
  await leave(1);
}

/** Plays all acts; whether every one of them kept its promises. */
async function play({ kubeconfigFile }: Embedded): Promise<boolean> {
  const cluster = new DemoCluster(kubeconfigFile);
  let broken = 0;
  for (const [index, act] of acts.entries()) {
    say(styleText("bold", `\n${index + 1}. ${act.run}: ${act.says}`));
    for (const step of act.steps) say(`   ${await take(step, act, cluster, kubeconfigFile)}`);
    const tale = await cluster.ended(act.run);
    storyOf(tale).forEach(say);
    const unlike = differences(act, tale);
    for (const line of unlike) say(styleText("red", `   DIFFERS: ${line}`));
    broken += unlike.length;
  }
  say(
    `\n${acts.length} stories in ${seconds()} s: ${broken === 0 ? "all ended as they should" : `${broken} differences`}.`,
  );
  return broken === 0;
}

/** Takes one step and says what a person would have typed. */
async function take(step: Step, { run }: Act, cluster: DemoCluster, kubeconfigFile: string): Promise<string> {
  switch (step.kind) {
    case "apply":
      await cluster.apply(step.file);
      return `kubectl apply --server-side -f ${step.file}`;
    case "program": {
      const options = { env: { ...process.env, KUBECONFIG: kubeconfigFile }, signal: leaving.signal };
      const { stdout } = await promisify(execFile)(process.execPath, [step.file, ...step.args], options);
      return `node ${step.file} ${step.args.join(" ")}\n   ${stdout.trim()}`;
    }
    case "cancel":
      await cluster.running(run, step.afterChildren);
      await cluster.cancel(run);
      return `kubectl patch taskrun ${run} --type=merge -p '{"spec":{"cancel":true}}'`;
  }
}

/** Ends all that was started, and then this process. Whoever asks first says the code. */
async function leave(code: number): Promise<void> {
  if (leaving.signal.aborted) return;
  leaving.abort();
  await stage.then((embedded) => embedded.close()).catch(() => undefined); // what did not start has left nothing
  process.exit(code);
}

function seconds(): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}
