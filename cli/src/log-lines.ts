// The lines of a log that is still being written.
//
//   L1. A stream that breaks is opened again: a task may be silent for longer than any connection on the way lives.
//   L2. Where to go on is said relative to the server's own now, since clocks differ. In a silence nothing was written, so
//       half of it is a safe distance from what has been printed; a break amid the talk may repeat or lose about a second.

/** Opens the stream: from the beginning, or with what was written in the last so many seconds. */
export type OpenLog = (sinceSeconds?: number) => Promise<AsyncIterable<string>>;

/** All lines until the log ends. Throws what `open` throws. */
export async function* linesUntilEnd(open: OpenLog, now: () => Date): AsyncGenerator<string, void, undefined> {
  let sinceSeconds: number | undefined;
  for (;;) {
    const lines = await open(sinceSeconds);
    let heardAt = now();
    try {
      for await (const line of lines) {
        heardAt = now();
        yield line;
      }
      return;
    } catch {
      const silentSeconds = (now().getTime() - heardAt.getTime()) / 1000;
      sinceSeconds = Math.max(Math.floor(silentSeconds / 2), 1); // L2
    }
  }
}
