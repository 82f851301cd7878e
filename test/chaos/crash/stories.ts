// The lives of runs in which an operator passes every delicate point.
import { setTimeout as sleep } from "node:timers/promises";

import type { Devcluster } from "@stint/devcluster";

import type { Point } from "../../../operator/src/points.ts";
import type { Chronicle, Ledger } from "../chronicle.ts";
import { conditionOf } from "../history.ts";
import { cancelRun, namespace } from "../play.ts";
import type { Story as Told } from "../stories.ts";

interface Scene {
  readonly cluster: Devcluster;
  readonly chronicle: Chronicle;
  readonly ledger: Ledger;
  /** Of the root run. */
  readonly name: string;
}

export interface Story extends Told {
  /** `a run that …` */
  readonly run: string;
  /** Every run that comes of it, in the order of the alphabet: its task, and how its attempts end. */
  readonly attempts: readonly string[];
  /**
   * Up to which pass of each point the operator is killed there, from the first: no more than there are on any machine, quick or
   * slow. What is as in another story is left out.
   */
  readonly passes: Readonly<Partial<Record<Point, number>>>;
  /** Before the run is there. */
  readonly arrange?: (cluster: Devcluster) => void;
  /** What a person does, whoever may be dead by then. */
  readonly meanwhile?: (scene: Scene) => Promise<void>;
}

const lookMs = 20;
const account = { namespace, name: "default" };
const missing = 'serviceaccount "default" not found';

/** Returns too when the run has ended without it: then that is what is wrong. */
async function until(holds: () => boolean, { chronicle }: Scene): Promise<void> {
  while (!holds() && !chronicle.isSettled) await sleep(lookMs);
}

export const succeeds: Story = {
  run: "succeeds",
  task: "square",
  input: [3],
  ends: { phase: "Succeeded", result: 9 },
  attempts: ["square: Succeeded"],
  passes: { "before-status": 2, "after-status": 2, "after-action": 1, "before-acknowledgement": 1 },
};

export const stories: readonly Story[] = [
  succeeds,
  {
    run: "fails once and is retried",
    task: "flaky",
    input: [1, 7],
    spec: { retry: { waitDurationMs: 100 } },
    ends: { phase: "Succeeded", result: 7 },
    attempts: ["flaky: TaskError, Succeeded"],
    passes: { "before-status": 4, "after-status": 4, "after-action": 3, "before-acknowledgement": 2 },
  },
  {
    run: "has a child",
    task: "serial",
    input: [[3]],
    ends: { phase: "Succeeded", result: 9 },
    attempts: ["serial: Succeeded", "square: Succeeded"],
    passes: { "before-status": 4, "after-status": 4, "after-action": 2, "before-acknowledgement": 2 },
  },
  {
    run: "fails for good and has a hook for that",
    task: "mourned",
    input: [],
    ends: { phase: "Failed", reason: "NonRetryableError" },
    attempts: ["mourned: NonRetryableError", "mourner: Succeeded"],
    passes: { "before-status": 2, "after-status": 2, "after-action": 5, "before-acknowledgement": 1 },
  },
  {
    run: "is canceled while it works",
    task: "waits",
    input: [],
    ends: { phase: "Canceled" },
    attempts: ["waits: Canceled"],
    passes: { "before-status": 4, "after-status": 4, "after-action": 2 },
    meanwhile: async (scene) => {
      const { cluster, chronicle, ledger, name } = scene;
      await until(() => ledger.entries().some((entry) => entry.kind === "started" && entry.run === name), scene);
      await until(() => chronicle.runs.get(name)?.status?.phase === "Running", scene);
      cancelRun(cluster, name);
    },
  },
  {
    run: "is refused a pod at first",
    task: "square",
    input: [4],
    ends: { phase: "Succeeded", result: 16 },
    attempts: ["square: Succeeded"],
    passes: { "before-status": 2, "after-status": 2, "after-action": 2, "before-refusal": 1 },
    arrange: ({ api }) => void api.delete("serviceaccounts", account),
    meanwhile: async (scene) => {
      const { cluster, chronicle, name } = scene;
      const conditions = () => chronicle.runs.get(name)?.status?.conditions;
      await until(() => conditionOf(conditions(), "Succeeded")?.message.includes(missing) ?? false, scene);
      cluster.api.create("serviceaccounts", { metadata: account });
    },
  },
];
