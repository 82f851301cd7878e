// A row of the tables of `decide`, and the runs and pods that many rows begin with.
import type { Registering } from "@stint/crds/taskbundle";

import type { Action } from "../../src/core/decision.ts";
import type { Situation } from "../../src/core/status.ts";
import type { ObservedRun, OwnedPod, World } from "../../src/core/world.ts";
import { anAcceptedRun, anAttempt, aPod, after, stamp } from "../builders.ts";

/** A situation, by what is unlike a calm one, and what `decide` makes of it. */
export interface Row {
  readonly given: string;
  readonly run?: ObservedRun;
  readonly pods?: readonly OwnedPod[];
  readonly world?: Partial<Record<keyof World, unknown>>;
  readonly now?: Date;
  readonly then: string;
  readonly status: string;
  readonly does?: readonly string[];
  readonly message?: string;
}

export const live = (overrides = {}): ObservedRun => anAcceptedRun([anAttempt(1)], overrides);
export const running = (overrides = {}): ObservedRun =>
  anAcceptedRun([anAttempt(1)], overrides, { kind: "Running", reason: "AttemptRunning" });
export const awaiting = (overrides = {}, status = {}): ObservedRun =>
  anAcceptedRun(
    [anAttempt(1, { class: "User", reason: "TaskError", finishedAt: after(5).toISOString() })],
    { ...overrides, status: { nextRetryAt: after(60).toISOString(), ...status } },
    { kind: "Pending", reason: "AwaitingRetry" },
  );
export const ended = (status = {}): ObservedRun =>
  anAcceptedRun(
    [anAttempt(1, { finishedAt: after(5).toISOString() })],
    { status: { finishedAt: after(5).toISOString(), ...status } },
    { kind: "Succeeded", reason: "Completed" },
  );
/** A run that ended as said, after an attempt that failed. */
export const failed = (
  overrides: Parameters<typeof anAcceptedRun>[1] = {},
  situation: Situation = { kind: "Failed", reason: "TaskError", message: "failed after 1 attempt(s): bad" },
): ObservedRun =>
  anAcceptedRun(
    [anAttempt(1, { class: "User", reason: "TaskError", finishedAt: stamp(5) })],
    { ...overrides, status: { finishedAt: stamp(5), ...overrides.status } },
    situation,
  );
/** A run that has failed, and began anew 20 s after {@link t0}. */
export const begunAnew = (overrides = {}, status = {}): ObservedRun =>
  anAcceptedRun([anAttempt(1, { class: "User", reason: "TaskError", finishedAt: stamp(5) })], {
    spec: { rerun: { generation: 1 } },
    ...overrides,
    status: { rerunGeneration: 1, rerunAt: stamp(20), ...status },
  });
export const terminated = (exitCode: number, reason = "Error"): OwnedPod =>
  aPod(1, "Failed", { container: { terminated: { exitCode, reason } } });
export const deleted = (phase: "Running" | "Pending" = "Running"): OwnedPod =>
  aPod(1, phase, { metadata: { deletionTimestamp: stamp(9) } });

export function aRegistration(state: "Registering" | "RegistrationFailed"): Registering {
  return { revision: 2, generation: 2, specHash: "s", state, attempt: 1, podName: "math-r2-1" };
}

export function intent(): ObservedRun {
  return anAcceptedRun([anAttempt(1, { podUid: undefined })]);
}

/** An action in a word or two, for tables and timelines. */
export function inWords(action: Action): string {
  switch (action.kind) {
    case "createPod":
      return `createPod ${action.attempt}`;
    case "deletePod":
      return `deletePod ${action.pod.name.split("-").at(-1)}`;
    case "deleteRun":
      return "deleteRun";
    case "startHooks":
      return `startHooks ${action.hooks.map(({ task }) => task).join(" ")}`;
    case "tellOfTree":
      return `tellOfTree ${action.news.stats?.totalRuns}`;
    case "rerunRun":
      return `rerun ${action.run.name}`;
    case "recordEvent":
      return `event ${action.reason}`;
  }
}
