// What runs in a pod: the runner itself, without its process. Its gateway, its clock and its tasks are those of the harness.
import { component, label } from "@stint/crds/labels";
import type { Registry } from "@stint/crds/host";
import type { Clock } from "@stint/operator/clock";
import type { GatewayDeps } from "@stint/operator/gateway/deps";
import type { Clock as RunnerClock } from "@stint/runner-image/clock";
import { exitCode, exitCodeOf } from "@stint/runner-image/exit-code";
import { connectGateway } from "@stint/runner-image/gateway";
import { LastWords } from "@stint/runner-image/last-words";
import type { Log } from "@stint/runner-image/log";
import { register } from "@stint/runner-image/register";
import { run } from "@stint/runner-image/run";

import type { PodProcess, Program } from "../memory/kubelet.ts";
import type { Exit } from "../memory/pod-states.ts";
import { connectionOf } from "./connection.ts";

export interface ProgramOptions {
  readonly gateway: GatewayDeps;
  readonly clock: Clock;
  /** The tasks that a pod finds in its image. */
  readonly tasksIn: (process: PodProcess) => Registry;
}

/** The runner's own lines are for who looks at a pod. What the user's code prints is captured where it runs. */
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => silent };

export function createProgram(options: ProgramOptions): Program {
  return async (process) => {
    let message: string | undefined;
    const lastWords = new LastWords((text) => (message = text), silent);
    const code = await codeOf(perform(process, lastWords, options), process);
    return { exitCode: code, ...(message !== undefined && { message }) } satisfies Exit;
  };
}

async function perform(
  process: PodProcess,
  lastWords: LastWords,
  { gateway, clock, tasksIn }: ProgramOptions,
): Promise<number> {
  const { pod, terminated, startedAtMs } = process;
  const own = clockOf(process, clock);
  const connect = () => connectionOf(process, gateway);
  const common = { clock: own, log: silent };
  const parts = { gateway: connectGateway({ connect, ...common }), load: async () => tasksIn(process), terminated };
  if (pod.metadata.labels?.[label.component] === component.registration) {
    await register(parts);
    return exitCode.ok;
  }
  return exitCodeOf(await run({ ...parts, ...common, ...notHere, lastWords, startedAtMs, watchCrashes }));
}

/** The SDK is loaded, and the console is the test's. */
const notHere = { preload: () => {}, recordPrints: () => {}, traceparent: undefined };

/** What goes wrong outside a function is seen by the test's own runner, and cannot be told to belong to an attempt. */
function watchCrashes(): { readonly crashed: Promise<never>; [Symbol.dispose](): void } {
  return { crashed: new Promise(() => {}), [Symbol.dispose]: () => {} };
}

/** As the runner's own process does: one that was told to end says so, and whatever else stops it is a failure. */
async function codeOf(performed: Promise<number>, { terminated }: PodProcess): Promise<number> {
  try {
    return await performed;
  } catch (error) {
    return terminated.aborted && error === terminated.reason ? exitCode.stopped : exitCode.failed;
  }
}

/** The clock as this process sees it: once it is gone, nothing in it wakes. */
function clockOf({ killed }: PodProcess, clock: Clock): RunnerClock {
  return {
    nowMs: () => clock.now().getTime(),
    async sleep(ms, signal) {
      try {
        await clock.sleep(ms, AbortSignal.any([signal, killed]));
      } catch (error) {
        signal.throwIfAborted();
        if (!killed.aborted) throw error;
        return new Promise(() => {});
      }
    },
  };
}
