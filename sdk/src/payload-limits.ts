// Arguments and results that are too large (S43, S44).
import { jsonBytes, type Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";

const noStore = "(no payload store is configured)";

/** Why an input is too large for `task`, `<bundle>/<task>`; `undefined` if it is not (S43, S44). */
export function inputTooLarge(task: string, input: Json): string | undefined {
  const bytes = jsonBytes(input);
  if (bytes <= limits.payloadBytes) return undefined;
  return `input of task ${task} is ${bytes} bytes, the limit is ${limits.payloadBytes} bytes ${noStore}`;
}

/** The same for a result of which `bytes` are known (S44, S49). */
export function resultTooLarge(task: string, bytes: number): string | undefined {
  if (bytes <= limits.payloadBytes) return undefined;
  const limit = `the limit is ${limits.payloadBytes} bytes; store it elsewhere and return a reference`;
  return `result of task ${task} is ${bytes} bytes, ${limit} ${noStore}`;
}
