// What `currentContext()` answers outside a run, for tests and tools that run a task's code by itself (S290): what
// `withContext` says, above what the environment says. In a real attempt neither means anything.
import { AsyncLocalStorage } from "node:async_hooks";

import type { CachePort } from "@stint/crds/host";

import { localCache } from "./cache.ts";
import type { TaskContext } from "./context.ts";
import { overridesKey, variablePrefix as prefix } from "./in-process.ts";
import { currentScope } from "./scope.ts";
import { shared } from "./shared.ts";

/** The fields of a context that can be made up; the others answer as in `.local()`. */
export type ContextOverrides = Partial<Pick<TaskContext, keyof typeof readers | "input" | "labels" | "signal">>;

interface Overridden {
  readonly overrides: ContextOverrides;
  /** Of the tree that there would be. */
  readonly cache: CachePort;
}

const around = shared(overridesKey, () => new AsyncLocalStorage<Overridden>());
/** Where the environment alone says that there is a context. */
const cacheOfProcess = localCache();

/** `withContext`. */
export function withOverrides<T>(context: ContextOverrides, work: () => T): T {
  const { overrides, cache = localCache() } = around.getStore() ?? {};
  return around.run({ overrides: { ...overrides, ...context }, cache }, work);
}

/** What is said about the context here; `undefined` if nothing is, or if this is an attempt, where it does not count. */
export function overriddenContext(): Overridden | undefined {
  if (currentScope()?.trigger) return undefined; // only a real attempt has a runner
  const fromEnvironment = Object.entries(process.env).flatMap(([name, text = ""]) => variableIn(name, text));
  const said = around.getStore();
  if (!said && fromEnvironment.length === 0) return undefined;
  const overrides = { ...Object.fromEntries(fromEnvironment), ...said?.overrides };
  return { overrides, cache: said?.cache ?? cacheOfProcess };
}

type Reader = (text: string) => unknown;

const asText: Reader = (text) => text;
const asNumber: Reader = (text) => (text.trim() === "" ? Number.NaN : Number(text));

const readers = {
  runId: asText,
  uid: asText,
  taskName: asText,
  bundle: asText,
  namespace: asText,
  parentRunId: asText,
  rootRunId: asText,
  attempt: asNumber,
  userRetries: asNumber,
  maxRetries: asNumber,
  revision: asNumber,
  tags: (text: string) => text.split(",").filter(Boolean),
  deadline: (text: string) => new Date(text),
} as const satisfies Readonly<Record<string, Reader>>;

/** `STINT_RUNTIME__TASK_RUN__ROOT_RUN_ID` is the field `rootRunId`. */
function variableIn(name: string, text: string): (readonly [string, unknown])[] {
  if (!name.startsWith(prefix)) return [];
  const field = name
    .slice(prefix.length)
    .toLowerCase()
    .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (!isField(field)) throw new TypeError(`${name} names no field of the context that a variable can set`);
  const value = readers[field](text);
  if (Number.isNaN(Number(value)) && (value instanceof Date || typeof value === "number")) {
    throw new TypeError(`${name} must be ${value instanceof Date ? "an instant" : "a number"}, got "${text}"`);
  }
  return [[field, value]];
}

function isField(field: string): field is keyof typeof readers {
  return Object.hasOwn(readers, field);
}
