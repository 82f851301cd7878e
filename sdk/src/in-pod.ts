// The SDK as every pod has it, for runner-image/build.ts: what judges a definition comes with it, and is not looked for (D1).
import "./description.ts";

export * from "./index.ts";
