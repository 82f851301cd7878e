// What a seed stands for: which faults, how often and when, and which runs meet them. The same seed makes the same plan on every
// machine; what comes of it depends on the machine's own timing as well, as in life.
//
//   P1. A seed takes some kinds of faults and leaves the others: with all of them at once, each would hide the rest.
//   P2. Every instant is counted from the beginning of the chaos, in the cluster's own milliseconds.
import type { FaultRates } from "@stint/devcluster";
import fc from "fast-check";

import {
  disturbanceKinds,
  eventFaults,
  faultKinds,
  requestFaults,
  type DisturbanceKind,
  type FaultKind,
} from "./faults.ts";
import { stories, type Story } from "./stories.ts";

/** In which state a pod is to be when something happens to it. */
const podStates = ["waiting", "starting", "running", "ending", "ended"] as const;
export type PodState = (typeof podStates)[number];

export interface Disturbance {
  readonly kind: DisturbanceKind;
  readonly atMs: number;
  /** For what lasts. */
  readonly forMs: number;
  readonly podState: PodState;
  /** From 0 to 1: which of the pods, nodes or operators that there are by then. */
  readonly pick: number;
}

export interface Submission {
  readonly name: string;
  readonly atMs: number;
  readonly story: Story;
}

export interface Plan {
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly rates: FaultRates;
  readonly disturbances: readonly Disturbance[];
  /** By how much the wall clock of each operator is wrong; there are as many operators. */
  readonly skewsMs: readonly number[];
  readonly submissions: readonly Submission[];
}

/** How long the chaos lasts: all faults begin within it, and all have ended with it. */
export const chaosMs = 60_000;

/** Per request or per event, at most. */
const worst: Required<FaultRates> = {
  conflict: 0.3,
  tooManyRequests: 0.15,
  error: 0.15,
  unanswered: 0.2,
  expired: 0.5,
  dropped: 0.05,
  silent: 0.01,
  duplicated: 0.3,
  late: 0.15,
};
/** Of what lasts. A lost node is given up after 10 s, its pods after 30 more; a frozen leader's lease ends after 15 s. */
const lastingMs: Readonly<Partial<Record<DisturbanceKind, { readonly min: number; readonly max: number }>>> = {
  nodePartitioned: { min: 5_000, max: 58_000 },
  nodePoweredOff: { min: 5_000, max: 58_000 },
  nodeShutDown: { min: 5_000, max: 20_000 },
  nodeDrained: { min: 1_000, max: 20_000 },
  operatorFrozen: { min: 1_000, max: 25_000 },
  gatewayCut: { min: 1_000, max: 20_000 },
  apiServerAway: { min: 1_000, max: 15_000 },
};
/** Beyond what machines whose clocks are kept ever show. */
const worstSkewMs = 8_000;

/** The plan of a seed, an integer. */
export function planOf(seed: number): Plan {
  const [plan] = fc.sample(fc.noBias(aPlan(seed)), { seed, numRuns: 1 });
  if (!plan) throw new Error("one plan was asked for");
  return plan;
}

function aPlan(seed: number): fc.Arbitrary<Plan> {
  const someKinds = fc.subarray([...faultKinds], { minLength: 2, maxLength: 8 }); // P1
  return someKinds.chain((kinds) =>
    fc.record({
      seed: fc.constant(seed),
      kinds: fc.constant(kinds),
      rates: someRates(kinds),
      disturbances: someDisturbances(kinds),
      skewsMs: someOperators(kinds),
      submissions: someSubmissions,
    }),
  );
}

function someRates(kinds: readonly FaultKind[]): fc.Arbitrary<FaultRates> {
  const taken = [...requestFaults, ...eventFaults].filter((kind) => kinds.includes(kind));
  const rateOf = (kind: keyof FaultRates) =>
    fc.integer({ min: 10, max: 100 }).map((percent) => (percent / 100) * worst[kind]);
  return fc.record(Object.fromEntries(taken.map((kind) => [kind, rateOf(kind)])));
}

function someDisturbances(kinds: readonly FaultKind[]): fc.Arbitrary<readonly Disturbance[]> {
  const ofKind = (kind: DisturbanceKind) =>
    fc.array(
      fc.record({
        kind: fc.constant(kind),
        atMs: fc.integer({ min: 0, max: (chaosMs * 2) / 3 }),
        forMs: fc.integer(lastingMs[kind] ?? { min: 0, max: 0 }),
        podState: fc.constantFrom(...podStates),
        pick: fc.integer({ min: 0, max: 999 }).map((n) => n / 1000),
      }),
      { minLength: 1, maxLength: 4 },
    );
  const taken = disturbanceKinds.filter((kind) => kinds.includes(kind));
  return fc.tuple(...taken.map(ofKind)).map((lists) => lists.flat().sort((a, b) => a.atMs - b.atMs));
}

function someOperators(kinds: readonly FaultKind[]): fc.Arbitrary<readonly number[]> {
  const count = kinds.includes("twoOperators") ? 2 : 1;
  const skew = kinds.includes("clockSkew") ? fc.integer({ min: -worstSkewMs, max: worstSkewMs }) : fc.constant(0);
  return fc.array(skew, { minLength: count, maxLength: count });
}

const someSubmissions: fc.Arbitrary<readonly Submission[]> = fc
  .array(fc.record({ atMs: fc.integer({ min: 0, max: chaosMs / 2 }), story: stories }), {
    minLength: 8,
    maxLength: 12,
  })
  .map((drawn) => drawn.map((submission, index) => ({ name: `run-${index}`, ...submission })));
