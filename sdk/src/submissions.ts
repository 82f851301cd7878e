// Subtasks that a function hands over (S134 to S138): noted while it runs, and sent when it has returned.
//
//   S1. A submission is a start that waits in the cluster for the success of the attempt which made it. All are there before
//       the report leaves, and the report's one write makes all of them live: so they come to be as one, or not at all.
//   S2. Calls and submissions of an attempt are counted together, so each has a name of its own, known at once (S118).
import type { Assignment, ChildStart } from "@stint/crds/attempt";
import { childName } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";

import type { Children } from "./children.ts";
import { toDemand, withDependencies, type Demand } from "./demand.ts";
import type { GivenArguments } from "./reference.ts";
import { boolean, integer, object, type Rules } from "./rules.ts";
import { callIn, type Call } from "./scope.ts";
import { startTags } from "./start-tags.ts";
import type { TaskRef } from "./task.ts";

/** One for all copies of the SDK. */
const runKey: unique symbol = Symbol.for("stint.dev/submission/v1");

/** A run that `ctx.submit()` hands over. It stands in `dependsOn` of later submissions, and for nothing else. Source: S134. */
export interface Submission {
  /** The run's name. */
  readonly id: string;
  /** Uid of the run that submitted it. */
  readonly [runKey]: string;
}

/** Options of `ctx.submit()`. Source: S134. */
export interface SubmitOptions {
  /** Not before these, and all that stands below them, have Succeeded; references that `submit()` returned. Source: S138. */
  readonly dependsOn?: readonly Submission[];
  /** Its failure is tolerated: what depends on it runs, and the tree goes on. Source: S140. */
  readonly optional?: boolean;
  /** User retries, 0 to 100; the task's number if absent. The waits stay the task's. Source: S134. */
  readonly maxRetries?: number;
}

/** `ctx.submit`. */
export type Submit = <A extends readonly unknown[], T>(
  task: TaskRef<A, T>,
  args: GivenArguments<A>,
  options?: SubmitOptions,
) => Submission;

interface DefinedSubmission {
  readonly dependsOn?: readonly Submission[];
  readonly optional?: boolean;
  readonly maxRetries?: number;
}

interface Noted {
  readonly start: ChildStart;
  readonly demand: Demand;
  readonly dependsOn: readonly Submission[];
}

export class Submissions {
  readonly #assignment: Pick<Assignment, "uid" | "name" | "attempt" | "bundle">;
  readonly #children: Pick<Children, "nextSequence" | "send">;
  readonly #noted: Noted[] = [];
  #isSent = false;

  constructor(
    assignment: Pick<Assignment, "uid" | "name" | "attempt" | "bundle">,
    children: Pick<Children, "nextSequence" | "send">,
  ) {
    this.#assignment = assignment;
    this.#children = children;
  }

  /**
   * Notes a subtask. Throws a TypeError for what is no task, no option, no reference of this run or no JSON, a RangeError for
   * the 1001st and for arguments that are too large, an Error once the function has returned.
   */
  add(task: unknown, args: readonly unknown[], options: unknown = {}): Submission {
    const { uid, name: run, attempt: number, bundle } = this.#assignment;
    if (this.#isSent) throw new Error(`run ${run} has returned: submit() comes too late`);
    const count = this.#noted.length + 1;
    if (count > limits.submissions) {
      throw new RangeError(`run ${run} submitted ${count} subtasks, the limit is ${limits.submissions}`);
    }
    const { target, options: given } = calledIn(task);
    const demand = toDemand({ target, args, options: given }, bundle);
    const { dependsOn = [], optional, maxRetries } = object(submitRules)(options, { task: target.name, field: "" });
    for (const { id, [runKey]: owner } of dependsOn) {
      if (owner !== uid) throw new TypeError(`subtask ${id} does not belong to run ${run}`);
    }
    const { key: _, waitFor: __, tags: replaced, ...own } = given; // no key: calledIn has seen to it
    const tags = startTags(target.name, { own: target.definition?.entry.tags, replaced });
    const sequence = this.#children.nextSequence();
    const start: ChildStart = {
      sequence,
      task: { name: target.name, ...(target.bundle === undefined ? {} : { bundle: target.bundle }) },
      input: demand.input,
      options: { ...own, ...tags, ...(optional === undefined ? {} : { optional }) },
      submission: maxRetries === undefined ? {} : { maxRetries },
    };
    this.#noted.push({ start, demand, dependsOn });
    const submission: Submission = { id: childName({ parentUid: uid, attempt: number, sequence }), [runKey]: uid };
    return Object.freeze(submission);
  }

  /** Sends all (S1), and gives their number. Rejects with the refusal of the first that cannot be. */
  async send(): Promise<number> {
    this.#isSent = true;
    await Promise.all(this.#noted.map(async (noted) => this.#children.send(await dependent(noted))));
    return this.#noted.length;
  }
}

const sendNothing = (): Promise<never> => Promise.reject(new Error("a local run hands nothing over"));

/** `submit()` in `.local()`: it checks, and sends nothing. */
export function localSubmit(): Submit {
  let sequence = 0;
  const children = { nextSequence: () => ++sequence, send: sendNothing };
  const submissions = new Submissions({ uid: "local", name: "local", attempt: 1, bundle: "local" }, children);
  return (...given) => submissions.add(...given);
}

/** The start, after what it takes values from and what it is to follow. */
async function dependent({ start, demand, dependsOn }: Noted): Promise<ChildStart> {
  const named = demand.upstreams.size > 0 ? await withDependencies(start, demand) : start;
  if (dependsOn.length === 0) return named;
  const after = dependsOn.map(({ id }) => ({ run: id, scope: "Subtree" as const }));
  return { ...named, options: { ...named.options, dependsOn: [...(named.options?.dependsOn ?? []), ...after] } };
}

function calledIn(task: unknown): Pick<Call, "target" | "options"> {
  const call = callIn(task);
  if (!call) throw new TypeError("submit() takes a task");
  if (call.options.key === undefined) return call;
  throw new TypeError(`Task "${call.target.name}": option "key" is for calls`);
}

const submitRules: Rules<DefinedSubmission> = {
  dependsOn(value) {
    if (Array.isArray(value) && value.every(isSubmission)) return value;
    throw new TypeError("dependsOn takes references returned by submit()");
  },
  optional: boolean,
  maxRetries: integer(limits.maxRetries),
};

function isSubmission(value: unknown): value is Submission {
  return typeof value === "object" && value !== null && runKey in value;
}
