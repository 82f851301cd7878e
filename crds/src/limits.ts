// Every bound of docs/semantics.md section 17 that two packages share. Units stand in the names.
import { optionLimits } from "./option-limits.ts";

export const limits = {
  ...optionLimits,

  runNameLength: 52,
  bundleNameLength: 40,
  taskNameLength: 256,
  displayNameLength: 1024,
  /** Of a run, that wait to be started. */
  dueHooks: 64,

  inlineSourceBytes: 524_288,
  manifestEntries: 500,
  manifestBytes: 262_144,
  registrationSeconds: 300,
  readyRevisionsKept: 10,

  /** Input and result, each, as long as no payload store is configured (S44). */
  payloadBytes: 524_288,
  requestBytes: 6_291_456,
  /** A status that would make its object larger than this is not written (S49). */
  objectBytes: 1_400_000,

  /** Problems of an input or result that are listed one by one (S40). */
  schemaProblems: 10,
  attemptErrorLength: 1024,
  errorLength: 4096,
  stackLength: 16_384,
  /** What `status.error` says can be done. */
  hintLength: 256,
  conditionMessageLength: 32_768,
  terminationMessageBytes: 4096,
  firstAttemptsKept: 10,
  lastAttemptsKept: 40,

  ttlSecondsAfterFinished: { min: 0, max: 31_536_000, default: 86_400 },

  /** Values that a run has yielded: what one object of the cluster holds, and when the next one is begun (S24). */
  valuesChunkBytes: { max: 524_288, enough: 65_536 },
  /** Entries of `dependsOn` and of `inputRefs`, each. */
  dependencies: 1000,
  pointerLength: 1024,
  /** Subtasks that one attempt hands over (S135). */
  submissions: 1000,
  treeDepth: 32,
  treeSize: 10_000,
  progressLabels: 1000,
  /** Of the sums over a tree, as JSON: they must not take the room of a result (S148). */
  progressSumBytes: 65_536,
  cacheKeyLength: 512,
  /** Of the tree's cache, as long as no payload store is configured (S149). */
  cacheValueBytes: 524_288,
  cacheTtlSeconds: { min: 1, max: 31_536_000 },
  /** Starts of children in one request: creates share the operator's token bucket with everybody's reports. */
  startsPerRequest: 100,

  retryIfMs: 10_000,
  /** For all hooks of one instant together (S104). */
  hooksMs: 30_000,

  channelTries: 25,
  channelWaitMs: { first: 250, max: 16_000 },
  channelTimeoutMs: 15_000,
  eventsWaitMs: 30_000,
} as const;
