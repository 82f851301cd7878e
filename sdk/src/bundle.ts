// Groups of tasks: what they have in common is said once, and several files' groups are joined at the entry point.
import type { GroupOptions } from "./options.ts";
import { definer, type DefineTask, type Task } from "./task.ts";

/** Some tasks. */
export interface Group {
  /** In the order of their definition. */
  readonly tasks: readonly Task<never, unknown>[];
}

/** Tasks with common defaults. Source: S8. */
export interface Bundle extends Group {
  /** As {@link DefineTask}, with the bundle's defaults for the options that the task does not set itself. */
  readonly task: DefineTask;
}

/**
 * Defines tasks with common defaults.
 *
 * Each option is taken whole from the task if that sets it, else from here: a `retry` of the task replaces this one. What is
 * wrong with an option is said by the first task that takes it. The tasks are registered as by `task()`. Source: S8, S9.
 *
 * ```ts
 * const images = bundle({ timeoutSeconds: 300, instanceType: "pro" });
 * export const resize = images.task("images/resize", (url: string, width = 640) => ({ url, width }));
 * ```
 */
export function bundle(defaults: GroupOptions = {}): Bundle {
  const tasks: Task<never, unknown>[] = [];
  const task = definer({ defaults: { ...defaults }, add: (added) => tasks.push(added) });
  return Object.freeze({ task, tasks });
}

/**
 * Joins the groups of several files, with the defaults that each has already given to its tasks.
 *
 * Importing a file registers its tasks; joining them says in the entry point which files it is made of, and keeps a compiler
 * from dropping an import that looks unused. Two groups with a task of the same name never get here: the second definition
 * throws. Source: S10.
 */
export function combine(...groups: readonly Group[]): Group {
  return Object.freeze({ tasks: [...new Set(groups.flatMap(({ tasks }) => tasks))] });
}
