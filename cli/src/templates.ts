import { fileURLToPath } from "node:url";

/** Where the files of `stint init` are: beside `src/`, and beside `dist/` as well. */
export const templates = fileURLToPath(new URL("../templates", import.meta.url));
