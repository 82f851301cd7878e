// Tasks that come to grief, as users' would: an inline bundle. Each does so in its first attempts alone, as many as it is told,
// so that the attempt after shows that the run lives on.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";

import { currentContext, task } from "@stint/sdk";

const oneRetry = { retry: { maxRetries: 1, waitDurationMs: 0 } };

/** Whether this attempt is one of the first so many. */
function isTroubled(attempts: number): boolean {
  return currentContext().attempt <= attempts;
}

/** Waits for somebody to end it, and ends as it is told. */
export const holds = task("holds", { gracePeriodSeconds: 5 }, async (attempts: number) => {
  const { signal, attempt } = currentContext();
  return isTroubled(attempts) ? forever(signal) : attempt;
});
/** The same, with manners that are its own. */
export const holdsPolitely = task("holds-politely", { gracePeriodSeconds: 5 }, async (attempts: number) => {
  process.prependListener("SIGTERM", () => process.exit(0));
  const { attempt } = currentContext();
  return isTroubled(attempts) ? forever() : attempt;
});
/** Answers when its time is over, whatever it is told meanwhile; its time goes on while its node stands still. */
export const answersLate = task("answers-late", { gracePeriodSeconds: 30 }, async (seconds: number) => {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return currentContext().attempt;
});
function forever(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setInterval(() => undefined, 60_000);
    signal?.addEventListener("abort", () => {
      clearInterval(timer);
      reject(signal.reason);
    });
  });
}

export const throws = task("throws", oneRetry, (attempts: number) => {
  if (isTroubled(attempts)) throw new RangeError("out of range");
  return currentContext().attempt;
});
export const leaves = task("leaves", oneRetry, (attempts: number, code: number) => {
  if (isTroubled(attempts)) process.exit(code);
  return currentContext().attempt;
});
export const fillsMemory = task("fills-memory", oneRetry, async (attempts: number) => {
  const kept: Buffer[] = [];
  while (isTroubled(attempts)) {
    kept.push(Buffer.alloc(16 * 2 ** 20, 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return currentContext().attempt;
});
/** Where the kernel takes one process at a time, the task lives on and says how its program ended. */
export const startsGlutton = task("starts-glutton", oneRetry, (attempts: number) => {
  if (!isTroubled(attempts)) return currentContext().attempt;
  const { signal } = spawnSync(process.execPath, ["-e", "const a = []; for (;;) a.push(Buffer.alloc(2 ** 24, 1))"]);
  throw new Error(`the program ended by ${signal}`);
});
export const fillsDisk = task("fills-disk", oneRetry, async (attempts: number) => {
  if (!isTroubled(attempts)) return currentContext().attempt;
  writeFileSync("/tmp/filled", Buffer.alloc(64 * 2 ** 20, 1));
  return forever();
});
