// What a run yields, value by value (S24).
//
//   V1. Each attempt yields anew: values of another attempt than the one read so far begin with its first.
//   V2. A run that has succeeded has all its values in its result, those included that no reader got on their way.
import type { RunOutcome, StreamPosition } from "@stint/crds/attempt";
import type { Json } from "@stint/crds/json";

import { TaskRunError } from "./errors.ts";
import type { ChildPort } from "./handle.ts";

/** Throws {@link TaskRunError} unless the run succeeds, and a TypeError if its result is no list. */
export async function* readValues(run: Pick<ChildPort, "valuesAfter">): AsyncGenerator<Json, void, undefined> {
  let after: StreamPosition = { attempt: 0, chunk: 0, value: 0 };
  let read = 0;
  for (;;) {
    const news = await run.valuesAfter(after);
    if ("outcome" in news) {
      yield* valuesIn(news.outcome).slice(news.outcome.attempts === after.attempt ? read : 0); // V2
      return;
    }
    if (news.next.attempt !== after.attempt) read = 0; // V1
    after = news.next;
    read += news.values.length;
    yield* news.values;
  }
}

function valuesIn(outcome: RunOutcome): readonly Json[] {
  if (outcome.phase !== "Succeeded") throw new TaskRunError(outcome);
  const { result } = outcome;
  if (Array.isArray(result)) return result;
  throw new TypeError(`task run ${outcome.name} (${outcome.task}) has no values: its result is no list`);
}
