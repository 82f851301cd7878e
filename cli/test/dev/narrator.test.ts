import type { KubeObject, LocalApi } from "@stint/devcluster";
import type { TaskBundle } from "@stint/crds/taskbundle";
import type { TaskRun } from "@stint/crds/taskrun";
import { beforeEach, expect, test } from "vitest";

import { Narrator } from "../../src/dev/narrator.ts";
import { aBundle, aRun, ended } from "../builders.ts";

type Event = Parameters<Parameters<LocalApi["watch"]>[1]>[0];

/** Of the API as much as is watched. */
class Watched {
  readonly #listeners = new Map<string, (event: Event) => void>();
  readonly #present: readonly TaskRun[];

  constructor(...present: readonly TaskRun[]) {
    this.#present = present;
  }

  readonly watch: LocalApi["watch"] = (resource, listener) => {
    const tell = listener as (event: Event) => void; // the caller's word, as in devcluster
    this.#listeners.set(resource, tell);
    if (resource === "taskruns.stint.dev") {
      for (const run of this.#present) tell({ type: "ADDED", object: run as unknown as KubeObject }); // JSON all the same
    }
    return () => undefined;
  };

  change(resource: string, object: TaskRun | TaskBundle | KubeObject): void {
    this.#listeners.get(resource)?.({ type: "MODIFIED", object: object as unknown as KubeObject }); // JSON all the same
  }
}

let printed: string[];
beforeEach(() => {
  printed = [];
});

function aNarrator(quiet = false): Narrator {
  const terminal = {
    print: (text: string) => void printed.push(...text.split("\n")),
    note: () => undefined,
    width: Infinity,
    style: (_: string, text: string) => text,
  };
  return new Narrator({ terminal, now: () => new Date(2027, 0, 1, 10, 15, 2), quiet });
}

type Pod = Parameters<Narrator["hear"]>[0];

function aPod(labels: Readonly<Record<string, string>>, phase = "Running"): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", uid: "u", resourceVersion: "1", creationTimestamp: "", labels },
    spec: { containers: [] },
    status: { phase },
  } as Pod; // a phase is a word
}

const ofRun = { "stint.dev/run": "trn-0123456789abcdefghij" };
const ofRegistration = { "stint.dev/bundle": "shop", "stint.dev/component": "registration" };

test("what an attempt writes stands behind the first letters of its run's name, the last line when it ends", () => {
  const api = new Watched();
  const narrator = aNarrator();
  narrator.follow(api);

  narrator.hear(aPod(ofRun), "task", Buffer.from("one\ntw"));
  narrator.hear(aPod(ofRun), "task", Buffer.from("o\u001b[2J"));
  api.change("pods", aPod(ofRun, "Succeeded"));

  expect(printed).toEqual(["10:15:02 trn-01234567 | one", "10:15:02 trn-01234567 | two"]);
});

test("quiet leaves out what attempts write, but not why a registration fails", () => {
  const narrator = aNarrator(true);

  narrator.hear(aPod(ofRun), "task", Buffer.from("one\n"));
  narrator.hear(aPod(ofRegistration), "task", Buffer.from("Error: while it is imported\n"));

  expect(printed).toEqual(["10:15:02 shop         | Error: while it is imported"]);
});

test("what was over before is not told of, what goes on is", () => {
  const api = new Watched(aRun("old", ended("Succeeded", "Completed")), aRun("live"));
  aNarrator().follow(api);

  api.change("taskruns.stint.dev", aRun("live", ended("Succeeded", "Completed", { result: 16 })));

  expect(printed).toEqual(["10:15:02 live         math/square Succeeded after 1 attempt in 2s: 16"]);
});

test("a bundle is told of when it becomes Ready and when a generation fails, each once", () => {
  const api = new Watched();
  aNarrator().follow(api);
  const ready = aBundle({ status: "True", reason: "Registered" });
  const failed = aBundle({ status: "False", reason: "NoTasks", message: "none" }, { generation: 2 });

  for (const state of [ready, ready, failed, failed]) api.change("taskbundles.stint.dev", state);

  expect(printed).toEqual([
    "10:15:02 math         revision 3 is Ready",
    expect.stringMatching(/^TASK/),
    expect.stringMatching(/^math\/square /),
    "10:15:02 math         bundle math is not Ready: NoTasks: none",
    "10:15:02 math         No revision serves yet.",
  ]);
});
