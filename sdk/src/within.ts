import type { HostTime } from "@stint/crds/host";

/** What the work gives, or `undefined` if that takes longer; the work itself goes on. Rejects as the work does. */
export async function within<T>(ms: number, work: Promise<T>, time: HostTime | undefined): Promise<T | undefined> {
  const { promise: timeUp, resolve } = Promise.withResolvers<undefined>();
  if (time) {
    time.timeout(ms).addEventListener("abort", () => resolve(undefined), { once: true });
    return Promise.race([work, timeUp]);
  }
  // oxlint-disable-next-line eslint/no-restricted-globals -- it bounds the user's code, in the user's own process
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
