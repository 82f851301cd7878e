/** Sizes for pods of the scenarios: small, so that many fit beside each other on two cores. */
export const instanceTypes = [
  { name: "e2e-small", cpu: "250m", memory: "96Mi" },
  { name: "e2e-large", cpu: "250m", memory: "288Mi" },
  { name: "e2e-fast", cpu: "1", memory: "256Mi" },
] as const;
