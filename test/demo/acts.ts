// What the demo shows, in order, and how each of it has to end.

export interface Act {
  readonly run: string;
  readonly says: string;
  /** What a person would do; several in one act follow each other. */
  readonly steps: readonly Step[];
  /** `Failed, TaskError: [TaskError on starter, …]`: phase, reason and attempts; then `→` and the result. */
  readonly ends: string;
  /** The same of the runs that it starts, in alphabetical order. */
  readonly childrenEnd?: readonly string[];
  /** Least seconds between an attempt and the next. */
  readonly waits?: readonly number[];
}

export type Step =
  | { readonly kind: "apply"; readonly file: string }
  /** A program of ours, with its arguments. */
  | { readonly kind: "program"; readonly file: string; readonly args: readonly string[] }
  /** Sets `spec.cancel` of the act's run, once so many of its children run. */
  | { readonly kind: "cancel"; readonly afterChildren: number };

export const acts: readonly Act[] = [
  {
    run: "hello",
    says: "one function, one run, one pod",
    steps: [{ kind: "apply", file: "examples/01-hello/hello.yaml" }],
    ends: 'Succeeded, Completed: [Succeeded on starter] → "Hello, world!"',
  },
  {
    run: "greet-ada",
    says: "a program triggers the same task and awaits its result",
    steps: [{ kind: "program", file: "examples/06-trigger/trigger.ts", args: ["Ada"] }],
    ends: 'Succeeded, Completed: [Succeeded on starter] → "Welcome, Ada!"',
  },
  {
    run: "flaky",
    says: "it fails twice, waits longer each time, and the third pod gets it right",
    steps: [{ kind: "apply", file: "examples/02-retries/retries.yaml" }],
    ends: 'Succeeded, Completed: [TaskError on starter, TaskError on starter, Succeeded on starter] → "worked at attempt 3"',
    waits: [1, 2],
  },
  {
    run: "charge",
    says: "from the same file: a failure that is not worth another try",
    steps: [],
    ends: "Failed, NonRetryableError: [NonRetryableError on starter]",
  },
  {
    run: "sum",
    says: "two calls are two runs, in pods of their own, at the same time",
    steps: [{ kind: "apply", file: "examples/03-children/children.yaml" }],
    ends: "Succeeded, Completed: [Succeeded on starter] → 25",
    childrenEnd: [
      "Succeeded, Completed: [Succeeded on starter] → 16",
      "Succeeded, Completed: [Succeeded on starter] → 9",
    ],
  },
  {
    run: "hungry",
    says: "killed for its memory, and tried again on a larger instance type",
    steps: [{ kind: "apply", file: "examples/04-out-of-memory/out-of-memory.yaml" }],
    ends: 'Succeeded, Completed: [OutOfMemory on tiny, Succeeded on starter] → "200 MiB filled"',
    waits: [1],
  },
  {
    run: "tour",
    says: "canceled while its two children run, and they go with it",
    steps: [
      { kind: "apply", file: "examples/05-cancel/cancel.yaml" },
      { kind: "cancel", afterChildren: 2 },
    ],
    ends: "Canceled, Canceled: [Canceled on starter]",
    childrenEnd: ["Canceled, ParentCanceled: [Canceled on starter]", "Canceled, ParentCanceled: [Canceled on starter]"],
  },
];
