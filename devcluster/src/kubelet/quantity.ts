// Quantities: `500m`, `2Gi`, `1e3`, as Kubernetes writes amounts of a resource.

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * The amount in its base unit: cores for `cpu`, bytes for `memory` and storage, pieces for the rest.
 *
 * @throws {RangeError} for what is no quantity. An API server refuses it; ours keeps pods unread.
 */
export function parseQuantity(quantity: string | number): number {
  if (typeof quantity === "number") return quantity;
  const match = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(quantity);
  const factor = factors[match?.[2] ?? ""];
  const amount = Number(match?.[1]);
  if (factor === undefined || !Number.isFinite(amount)) throw new RangeError(`"${quantity}" is not a quantity`);
  return amount * factor;
}

/** How the kubelet's messages count: thousandths of a core, else base units. */
export function toUnits(resource: string, amount: number): number {
  return Math.round(resource === "cpu" ? amount * 1000 : amount);
}
