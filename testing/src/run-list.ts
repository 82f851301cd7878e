import { label } from "@stint/crds/labels";
import type { TaskRun } from "@stint/crds/taskrun";
import { taskRuns } from "@stint/operator/effects/resources";

import type { VirtualClock } from "./memory/clock.ts";
import type { ObjectStore } from "./memory/object-store.ts";

interface Entry {
  readonly run: TaskRun;
  /** When it last changed, by the monotonic clock. */
  readonly changedMs: number;
}

/** The runs that there are, in the order in which they were created. */
export class RunList {
  readonly #runs = new Map<string, Entry>();
  readonly #clock: VirtualClock;

  /** `changed` is told of every change of any of them. */
  constructor(store: ObjectStore, clock: VirtualClock, changed: () => void) {
    this.#clock = clock;
    store.watch(taskRuns, {}, "0", (event) => {
      if (event.type === "BOOKMARK") return;
      const run = event.object as TaskRun; // what is stored under taskruns
      if (event.type === "DELETED") this.#runs.delete(run.metadata.name);
      else this.#runs.set(run.metadata.name, { run, changedMs: clock.monotonicMs() });
      changed();
    });
  }

  get(name: string): TaskRun | undefined {
    return this.#runs.get(name)?.run;
  }

  all(): readonly TaskRun[] {
    return Array.from(this.#runs.values(), ({ run }) => run);
  }

  /** When something last happened to these runs, or will by their `startAt`; by the monotonic clock. */
  lastChangeMs(names: ReadonlySet<string>): number {
    const entries = [...names].map((name) => this.#runs.get(name)).filter((entry) => entry !== undefined);
    const offsetMs = this.#clock.monotonicMs() - this.#clock.now().getTime();
    const startsMs = entries.map(({ run }) => Date.parse(run.spec.startAt ?? "") + offsetMs);
    return Math.max(0, ...entries.map(({ changedMs }) => changedMs), ...startsMs.filter((ms) => !Number.isNaN(ms)));
  }

  /** Names of the runs of its tree, and of all trees that were triggered there: each came after the one that triggered it. */
  familyOf(name: string): ReadonlySet<string> {
    const run = this.get(name);
    if (!run) return new Set();
    const roots = new Set([rootUid(run)]);
    for (const { metadata } of this.all()) {
      const by = metadata.labels?.[label.triggeredBy];
      if (by !== undefined && roots.has(by)) roots.add(metadata.uid);
    }
    const family = this.all().filter((other) => roots.has(rootUid(other)));
    return new Set(family.map(({ metadata }) => metadata.name));
  }
}

function rootUid({ metadata }: TaskRun): string {
  return metadata.labels?.[label.rootUid] ?? metadata.uid;
}
