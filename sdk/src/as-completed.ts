/**
 * The values of the given runs in the order in which these end: `for await (const page of asCompleted(pages))`.
 *
 * Takes whatever can be awaited, task instances above all. Errors: a run that fails throws its error where its value would
 * have come, and the loop ends; `asCompleted(runs.map((run) => run.details()))` goes on. Source: S114.
 */
export async function* asCompleted<T>(runs: Iterable<PromiseLike<T>>): AsyncGenerator<Awaited<T>, void, undefined> {
  const all = [...runs];
  // A place takes a function and no value, so that a failure behind which nobody looks is no unhandled rejection (S117).
  const places = all.map(() => Promise.withResolvers<() => Awaited<T>>());
  let ended = 0;
  const give = (outcome: () => Awaited<T>): void => places[ended++]?.resolve(outcome);
  for (const run of all) {
    Promise.resolve(run).then(
      (value) => give(() => value),
      (error: unknown) =>
        give(() => {
          throw error;
        }),
    );
  }
  for (const { promise } of places) yield (await promise)();
}
