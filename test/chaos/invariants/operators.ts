import type { History } from "../history.ts";

/** An end that is meant: whoever loses the lease ends at once and begins anew (M2 of main.ts). */
const leaseLost = "the lease is lost";

/** The operator does not end by itself, and finds nothing that is not known to happen. */
export function operatorsStand({ operators }: History): readonly string[] {
  return operators.flatMap(({ name, end, byItself, errors }) => {
    const unknown = errors.filter((message) => message !== leaseLost);
    const isMeant = !byItself || errors.includes(leaseLost);
    return [
      ...(isMeant ? [] : [`${name} ended by itself (${end})`]),
      ...unknown.map((message) => `${name} said: ${message}`),
    ];
  });
}
