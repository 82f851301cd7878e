// What `stint dev` prints while it runs: what becomes of bundles and of attempts, and what these write.
//
//   N1. It watches the API like anybody else, so runs and bundles that come from elsewhere are told of too.
//   N2. Of what was over before it began to watch nothing is told.
import type { KubeObject, LocalApi, OutputListener } from "@stint/devcluster";
import { component, label } from "@stint/crds/labels";
import type { TaskBundle } from "@stint/crds/taskbundle";
import type { TaskRun } from "@stint/crds/taskrun";
import { outcomeOf, taskOf } from "@stint/sdk/client/outcome";

import type { Terminal } from "../terminal.ts";
import { failureOf, standingOf } from "../views/bundle-standing.ts";
import { bundleTasks } from "../views/bundle-tasks.ts";
import { logLines } from "../views/log-line.ts";
import { storyOf, type Tone } from "../views/story.ts";
import { harmless, oneLine } from "../width.ts";
import { OutputLines } from "./output-lines.ts";

export interface NarratorOptions {
  readonly terminal: Terminal;
  readonly now: () => Date;
  /** Leaves out what attempts write. */
  readonly quiet: boolean;
}

const prefixWidth = 12;
const colors = { plain: "reset", good: "green", bad: "red" } as const satisfies Readonly<Record<Tone, string>>;
/** By which the runs are told apart, in a terminal. */
const prefixColors = ["cyan", "magenta", "yellow", "blue"] as const;

export class Narrator {
  readonly #options: NarratorOptions;
  readonly #output = new OutputLines();
  readonly #runs = new Map<string, TaskRun>();
  readonly #standings = new Map<string, string>();

  constructor(options: NarratorOptions) {
    this.#options = options;
  }

  /** Begins to watch, for as long as the cluster lives. */
  follow(api: Pick<LocalApi, "watch">): void {
    let hasBegun = false;
    api.watch<KubeObject & TaskRun>("taskruns.stint.dev", ({ type, object }) => {
      if (type === "DELETED") this.#runs.delete(object.metadata.uid);
      else this.#tellRun(object, hasBegun);
    });
    api.watch<KubeObject & TaskBundle>("taskbundles.stint.dev", ({ type, object }) => {
      if (type !== "DELETED") this.#tellBundle(object);
    });
    api.watch("pods", ({ type, object }) => {
      if (type === "DELETED" || isTerminal(object)) this.#endOutput(object);
    });
    hasBegun = true;
  }

  /** For the kubelet: what a container writes. */
  readonly hear: OutputListener = (pod, _, chunk) => {
    for (const line of this.#output.take(pod.metadata.uid, chunk)) this.#tellOutput(pod, line);
  };

  #tellRun(run: TaskRun, isNew: boolean): void {
    const { uid, name } = run.metadata;
    const before = this.#runs.get(uid);
    this.#runs.set(uid, run);
    if (!isNew && outcomeOf(run)) return; // N2
    for (const { text, tone } of storyOf(before, run)) this.#say(name, `${taskOf(run.spec.task)} ${text}`, tone);
  }

  #tellBundle(bundle: TaskBundle): void {
    const { terminal } = this.#options;
    const { name, generation = 1 } = bundle.metadata;
    const standing = standingOf(bundle, generation);
    const told = JSON.stringify(standing);
    if (this.#standings.get(name) === told) return;
    this.#standings.set(name, told);
    if (standing.kind === "Failed") {
      const { what, serving } = failureOf(bundle, standing);
      this.#say(name, oneLine(what), "bad");
      this.#say(name, serving, "plain");
    } else if (standing.kind === "Ready") {
      this.#say(name, `revision ${standing.revision} is Ready`, "good");
      terminal.print(bundleTasks([bundle], terminal.width));
    }
  }

  #endOutput(pod: KubeObject): void {
    for (const line of this.#output.end(pod.metadata.uid)) this.#tellOutput(pod, line);
  }

  #tellOutput({ metadata: { labels = {}, name } }: KubeObject, line: string): void {
    const isRegistration = labels[label.component] === component.registration;
    if (this.#options.quiet && !isRegistration) return; // a registration that fails says why
    const subject = labels[label.run] ?? labels[label.bundle] ?? name;
    for (const text of logLines(line)) this.#say(subject, `| ${harmless(text)}`, "plain");
  }

  #say(subject: string, text: string, tone: Tone): void {
    const { terminal, now } = this.#options;
    const time = terminal.style("dim", now().toTimeString().slice(0, 8));
    const color = prefixColors[hashOf(subject) % prefixColors.length] ?? "cyan";
    const prefix = terminal.style(color, subject.slice(0, prefixWidth).padEnd(prefixWidth));
    terminal.print(`${time} ${prefix} ${terminal.style(colors[tone], text)}`);
  }
}

function isTerminal({ status }: KubeObject): boolean {
  const phase = typeof status === "object" && status !== null && "phase" in status ? status.phase : undefined;
  return phase === "Succeeded" || phase === "Failed";
}

function hashOf(text: string): number {
  let hash = 0;
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return hash;
}
