// What the code of an attempt prints: kept for the test, and not printed between its results.
//
//   P1. Whose a line is follows from the async context in which it is printed; whatever else prints is not touched.
//   P2. A line is text as it was printed, or a record as a task's log has them: with `logPrints` all of them are (S144).
//   P3. The console is wrapped while a harness is open, once for all of them, and is left as it was found.
import { AsyncLocalStorage } from "node:async_hooks";
import { format } from "node:util";

import type { WriteLog } from "@stint/crds/log-line";
import { printed } from "@stint/runner-image/log";

/** A line that an attempt has printed. */
export interface LogLine {
  readonly attempt: number;
  readonly text: string;
}

const methods = ["debug", "error", "info", "log", "trace", "warn"] as const;

/** Takes what is printed, and by which method of the console if by any. */
export type Sink = (text: string, method?: (typeof methods)[number]) => void;

const sinks = new AsyncLocalStorage<Sink>();
const streams = ["stdout", "stderr"] as const;

/** A sink that writes what a console prints as records, as the runner does (S144). */
export function recordingInto(write: WriteLog, otherwise: Sink): Sink {
  return (text, method) => {
    if (method === undefined || !Object.hasOwn(printed, method)) otherwise(text, method);
    else write(printed[method as keyof typeof printed], text);
  };
}

/** What attempts have printed, by their runs. */
export class Logs {
  readonly #lines = new Map<string, LogLine[]>();

  of(run: string): readonly LogLine[] {
    return [...(this.#lines.get(run) ?? [])];
  }

  /** Where an attempt prints to, until it is killed: what its function does after that nobody hears. */
  sinkOf(run: string, attempt: number, killed: AbortSignal): Sink {
    const lines = this.#lines.get(run) ?? [];
    this.#lines.set(run, lines);
    return (text) => {
      if (!killed.aborted) lines.push({ attempt, text });
    };
  }
}

let users = 0;
let restore: () => void = () => {};

/** Runs an attempt's code, and gives every line that it prints to `sink`. Works while {@link captureOutput} does. */
export function printingTo<T>(sink: Sink, work: () => T): T {
  return sinks.run(sink, work);
}

/** Begins to capture; returns the way to stop it. */
export function captureOutput(): () => void {
  if (users++ === 0) restore = wrap();
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    if (--users === 0) restore();
  };
}

function wrap(): () => void {
  const unwrapped = [
    ...methods.map((name) => replace(console, name, (sink, args) => sink(format(...args), name))),
    ...streams.map((name) => replace(process[name], "write", (sink, [chunk]) => sink(toText(chunk)))),
  ];
  return () => unwrapped.forEach((undo) => undo());
}

type Print = (...args: unknown[]) => unknown;

/** Puts a function in the place of a method: in an attempt's code it is called with its sink, elsewhere nothing changes. */
function replace<K extends string>(
  owner: Readonly<Record<K, unknown>>,
  name: K,
  print: (sink: Sink, args: unknown[]) => void,
): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  const original = owner[name] as Print; // a method that prints
  const wrapped: Print = function (this: unknown, ...args) {
    const sink = sinks.getStore();
    if (!sink) return Reflect.apply(original, this, args);
    print(sink, args);
    return true; // as a stream that takes more
  };
  Object.defineProperty(owner, name, { value: wrapped, configurable: true, writable: true });
  return () => {
    if (owner[name] !== wrapped) return; // somebody has put another one over it, and takes it away again
    if (before) Object.defineProperty(owner, name, before);
    else Reflect.deleteProperty(owner, name);
  };
}

function toText(chunk: unknown): string {
  return (typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString()).replace(/\n$/, "");
}
