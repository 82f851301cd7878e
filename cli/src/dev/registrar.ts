// From each good build to the bundle's source: one after the other, and of several that wait only the newest.
import { putCode } from "../bundle-code.ts";
import type { Cluster } from "../cluster.ts";
import { toProblem, type Problem } from "../problem.ts";

export interface Registrar {
  offer(code: string): void;
}

/** What goes wrong is told, and the next build is tried all the same. */
export function createRegistrar(cluster: Cluster, bundle: string, onProblem: (problem: Problem) => void): Registrar {
  let newest: string | undefined;
  let isWorking = false;
  const work = async (): Promise<void> => {
    for (let code = newest; code !== undefined; code = newest) {
      newest = undefined;
      await putCode(cluster, bundle, code).catch((error: unknown) => onProblem(toProblem(error)));
    }
    isWorking = false;
  };
  return {
    offer(code) {
      newest = code;
      if (isWorking) return;
      isWorking = true;
      void work(); // it catches everything itself
    },
  };
}
