// Root runs, made as the SDK's own client makes them, in a cluster in memory. Whoever waits for one lets time pass.
import type { RunOutcome } from "@stint/crds/attempt";
import { rerunPatch, rerunProblem, type RerunOptions } from "@stint/crds/rerun";
import type { TaskRun } from "@stint/crds/taskrun";
import { taskRuns } from "@stint/operator/effects/resources";
import { isApiError, type ApiError } from "@stint/operator/errors";
import { ClientError } from "@stint/sdk";
import {
  nameTaken,
  notActive,
  notFound,
  outcomeOf,
  rootRun,
  taskOf,
  type RunPort,
  type RunRequest,
  type TriggerClient,
} from "@stint/sdk/harness";

import { HarnessError } from "./errors.ts";
import { ownBundle, type HarnessSettings } from "./options.ts";
import { toRunState, type RunState } from "./run-state.ts";
import { namespace, type World } from "./world.ts";

/** A little longer than the longest wait between two attempts (S84). */
const patienceHours = 25;

export class Client implements TriggerClient {
  readonly bundle = ownBundle;
  readonly #world: World;
  readonly #settings: HarnessSettings;

  constructor(world: World, settings: HarnessSettings) {
    this.#world = world;
    this.#settings = settings;
  }

  async create(request: RunRequest): Promise<RunPort> {
    this.#requireKnown(request);
    const { name = this.#world.draws.runName(), bundle, target } = request;
    try {
      await this.#world.hand.create(taskRuns, namespace, rootRun({ ...request, name, namespace }));
    } catch (error) {
      if (isApiError(error, "invalid")) throw refused(`create run ${name}`, error);
      if (!isApiError(error, "alreadyExists")) throw error;
      const { task } = this.#read(name).spec;
      if (taskOf(task) !== `${bundle}/${target.name}`) throw nameTaken(name, task, error);
    }
    await this.#world.pacer.settle();
    return this.portOf(name);
  }

  portOf(name: string): RunPort {
    return {
      id: name,
      time: this.#world.time(),
      outcome: (signal) => this.#outcome(name, signal),
      cancel: () => this.cancel(name),
      rerun: (options) => this.#rerun(name, options),
    };
  }

  async cancel(name: string): Promise<void> {
    if (outcomeOf(this.#read(name))) throw notActive(name);
    await this.#change(name, { cancel: true });
  }

  async #rerun(name: string, options: RerunOptions): Promise<void> {
    const run = this.#read(name);
    const problem = rerunProblem(run);
    if (problem !== undefined) throw new ClientError(problem, { statusCode: 409 });
    const { rerun } = rerunPatch(run, options);
    await this.#change(name, { rerun, cancel: undefined });
  }

  /** What is `undefined` goes, as JSON has none of it. */
  async #change(name: string, changes: object): Promise<void> {
    this.#world.hand.edit(taskRuns, { namespace, name }, (run) => ({ ...run, spec: { ...run.spec, ...changes } }));
    await this.#world.pacer.settle();
  }

  async #outcome(name: string, signal: AbortSignal): Promise<RunOutcome> {
    const { pacer, runs } = this.#world;
    this.#read(name);
    await pacer.until({
      isOver: () => isOver(runs.get(name)) && !this.#world.isExecuting(name), // its hooks are to be done, too
      family: () => runs.familyOf(name),
      patientUntilMs: () => runs.lastChangeMs(runs.familyOf(name)) + patienceHours * 3_600_000,
      late: () => this.#lateError(name),
      signal,
    });
    const outcome = outcomeOf(this.#read(name));
    if (!outcome) throw notFound(name);
    return outcome;
  }

  #lateError(name: string): HarnessError {
    const { runs } = this.#world;
    const family = [...runs.familyOf(name)].map((each) => runs.get(each)).filter((run) => !isOver(run));
    const standing = family.map((run) => run && inWords(toRunState(run))).join("; ");
    return new HarnessError(
      `Run ${name} is not over, and nothing has happened for ${patienceHours} hours: ${standing}. Give it what it waits for, or trigger it and move the clock yourself.`,
    );
  }

  #read(name: string): TaskRun {
    const run = this.#world.runs.get(name);
    if (!run) throw notFound(name);
    return run;
  }

  /** A mistake of the test, which in a cluster would be a run that waits or that has failed. */
  #requireKnown({ bundle, target: { name }, namespace: asked = namespace }: RunRequest): void {
    const tasks = this.#settings.bundles.get(bundle);
    const place = bundle === ownBundle ? "tasks" : `bundles: { "${bundle}": … }`;
    if (!tasks?.has(name)) {
      throw new HarnessError(
        `Task "${name}" is not in bundle ${bundle} of this harness. Give it to createHarness() among its ${place}.`,
      );
    }
    if (asked !== namespace) {
      throw new HarnessError(`There is no namespace ${asked} in this harness. Leave the option namespace out.`);
    }
  }
}

function isOver(run: TaskRun | undefined): boolean {
  return run === undefined || outcomeOf(run) !== undefined;
}

/** As the SDK says what an API server has refused. */
function refused(what: string, { serverMessage, status, cause }: ApiError): ClientError {
  return new ClientError(`${what}: ${serverMessage}`, { statusCode: status, code: "Invalid", cause });
}

function inWords({ id, phase, reason, message }: RunState): string {
  return `${id} is ${phase}, ${[reason, message].filter(Boolean).join(": ")}`;
}
