// The wait before the next attempt. Jitter is a hash and not a draw: whoever computes a wait, and however often, gets the
// same one, so a restarted operator does not wait anew (S87).
import { sha256Hex } from "@stint/crds/hash";
import { limits } from "@stint/crds/limits";
import type { ResolvedRetry } from "@stint/crds/settings";

const maxWaitMs = limits.delaysSeconds.max * 1000;

/** Whose wait it is: the run's uid and the number of the attempt that failed. */
export interface Failure {
  readonly uid: string;
  readonly attempt: number;
}

/** Milliseconds before user retry `n`, which is 0 for the first (S81 to S87). */
export function userWaitMs(retry: ResolvedRetry, n: number, failure: Failure): number {
  const base = baseWaitMs(retry, n);
  const wait = base > 0 && retry.jitterFactor > 0 ? jittered(base, retry.jitterFactor, uniform(failure)) : base;
  return Math.min(Math.round(wait), maxWaitMs);
}

/** Milliseconds before infrastructure retry `i`, which is 0 for the first: 1, 2, 4 … 60 s (S96). */
export function infrastructureWaitMs(i: number): number {
  return Math.min(1000 * 2 ** i, 60_000);
}

function baseWaitMs(retry: ResolvedRetry, n: number): number {
  const list = retry.delaysSeconds;
  if (list && list.length > 0) return (list[Math.min(n, list.length - 1)] ?? 0) * 1000;
  // An infinite power is cut by the caller's ceiling; 0 times infinity would be no number at all.
  const first = retry.waitDurationMs ?? 0;
  return first === 0 ? 0 : Math.min(first * (retry.backoffScaling ?? 1) ** n, maxWaitMs);
}

/** Exponentially distributed around the base `a`, cut so that no wait exceeds a(1 + k) and the mean stays `a` (S86). */
function jittered(a: number, k: number, uniform: number): number {
  const upper = a * (1 + k);
  const power = 2 ** (1 + k);
  const lower = 1 + k >= 50 ? 0 : Math.max(0, a * Math.log2(power / (power - 1)));
  const share = (x: number): number => 1 - Math.exp(-x / a);
  const u = share(lower) + uniform * (share(upper) - share(lower));
  return -a * Math.log(Math.max(1 - u, 1e-10));
}

/** A number in [0, 1): the first 52 bits of the hash (S87). */
function uniform({ uid, attempt }: Failure): number {
  return Number.parseInt(sha256Hex(`${uid}/${attempt}`).slice(0, 13), 16) / 2 ** 52;
}
