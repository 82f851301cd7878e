// Every kind of trouble that chaos makes, by the part of the world that it befalls. A seed takes some of them; the table of
// docs/reliability.md has a line for each.

/** On requests of the operators to the API server. */
export const requestFaults = ["conflict", "tooManyRequests", "error", "unanswered", "expired"] as const;
/** On the events that the operators watch. */
export const eventFaults = ["dropped", "silent", "duplicated", "late"] as const;
/** At an instant of the plan. */
export const disturbanceKinds = [
  "compaction",
  "podDeleted",
  "podKilled",
  "podEvicted",
  "nodePartitioned",
  "nodePoweredOff",
  "nodeShutDown",
  "nodeDrained",
  "operatorKilled",
  "operatorFrozen",
  "gatewayCut",
  "apiServerAway",
] as const;
/** For the whole of a seed. */
const conditions = ["twoOperators", "clockSkew"] as const;

export const faultKinds = [...requestFaults, ...eventFaults, ...disturbanceKinds, ...conditions] as const;

export type DisturbanceKind = (typeof disturbanceKinds)[number];
export type FaultKind = (typeof faultKinds)[number];
