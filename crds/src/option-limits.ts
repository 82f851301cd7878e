// Bounds of what a task or a run may be given as options: all that defining a task has to know of {@link limits}.

export const optionLimits = {
  childKeyLength: 256,
  descriptionLength: 2048,
  tags: 50,
  /** Hooks of one kind of a task. */
  hooks: 16,
  tagLength: 63,
  /** Of a resource profile, in cores and in MB; 1 MB counts as 1 Mi. What is left out counts as 1 core and 0 MB (S61). */
  profileCpu: { min: 0.1, max: 1024, default: 1 },
  profileMemoryMb: { min: 1, max: 16_777_216, default: 0 },
  timeoutSeconds: { min: 1, max: 604_800, default: 7200 },
  startTimeoutSeconds: { min: 1, max: 604_800 },
  deadlineSeconds: { min: 1, max: 2_592_000 },
  gracePeriodSeconds: { min: 0, max: 600, default: 10 },
  maxRetries: { min: 0, max: 100, default: 3 },
  waitDurationMs: { min: 0, max: 86_400_000, default: 1000 },
  backoffScaling: { min: 1, max: 100, explicitDefault: 1.5, default: 2 },
  delaysSeconds: { entries: 50, max: 86_400 },
  jitterFactor: { min: 0, max: 10, default: 0 },
  maxInfrastructureRetries: { min: 0, max: 100, default: 10 },
} as const;
