import { createLog } from "../../src/log.ts";

/** A log whose lines nobody reads. */
export const silentLog = createLog(() => {});
