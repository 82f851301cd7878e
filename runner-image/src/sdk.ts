// The SDK as every pod has it: what judges a definition comes with it, and is not looked for at the first one.
import "@stint/sdk/description";

export * from "@stint/sdk";
