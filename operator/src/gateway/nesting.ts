import type { Json } from "@stint/crds/json";

/** Whether arrays and objects stand in each other more than `levels` deep. Looks level by level, since recursion is what overflows. */
export function isNestedDeeper(value: Json, levels: number): boolean {
  let containers: readonly object[] = containersIn([value]);
  for (let level = 0; containers.length > 0; level++) {
    if (level === levels) return true;
    containers = containers.flatMap((container) => containersIn(Object.values(container)));
  }
  return false;
}

function containersIn(values: readonly unknown[]): readonly object[] {
  return values.filter((value) => typeof value === "object" && value !== null);
}
