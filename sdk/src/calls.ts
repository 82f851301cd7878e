// Calls of tasks inside a run: what each asks for, and the instance that the caller gets.
import { Instance, type ChildPort } from "./handle.ts";
import { Instances, walk } from "./instances.ts";
import type { DefinedCall } from "./options.ts";
import type { Call, Scope, Target } from "./scope.ts";
import { startTags } from "./start-tags.ts";

/** Starts a child for each call; throws, and starts none, if arguments cannot leave the process. */
export type StartChildren = (calls: readonly Call[]) => readonly ChildPort[];

export function callsThrough(start: StartChildren): Pick<Scope, "call" | "map"> {
  const startAll = (
    target: Target,
    { tags: replaced, ...options }: DefinedCall,
    lists: readonly (readonly unknown[])[],
  ) => {
    const tags = startTags(target.name, { own: target.definition?.entry.tags, replaced });
    return start(lists.map((args): Call => ({ target, args, options: { ...options, ...tags } })));
  };
  return {
    call(target, options, args) {
      const [port] = startAll(target, options, [args]) as readonly [ChildPort]; // as many as there are lists
      return new Instance(port);
    },
    map(target, options, args) {
      const instances = new Instances();
      for (const port of startAll(target, options, walk(target, args))) instances.push(new Instance(port));
      return instances;
    },
  };
}
