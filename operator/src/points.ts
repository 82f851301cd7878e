// Delicate points: between two writes, or between a write and the word about it. The process may die at any of them, and
// nobody must come to harm by it. Production passes them without a pause; the crash matrix ends an operator at each in turn.

export const points = [
  /** A look has concluded something new, and nothing is written yet. */
  "before-status",
  /** The status stands, the intent of an attempt for instance, and nothing else is done yet. */
  "after-status",
  /** One action is carried out; the next, or the events, are not. */
  "after-action",
  /** The API server has said no to a pod, and the run does not say so yet. */
  "before-refusal",
  /** The outcome is written, and the runner has not been told. */
  "before-acknowledgement",
] as const;

export type Point = (typeof points)[number];

/** Called at a point. In a test it may never answer: the operator that passed there is dead. */
export type PassPoint = (point: Point) => Promise<void>;

/** Nothing happens at any point. */
export const passing: PassPoint = async () => {};
