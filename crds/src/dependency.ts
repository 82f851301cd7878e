// What a run waits for before it starts, and whose results its input takes (S130, S131).
import { z } from "zod";

import { limits } from "./limits.ts";

/** Name of a run of the same namespace. It need not exist yet. */
const runName = z.string().min(1).max(limits.runNameLength);

/** Another run that has to be over before this one starts. */
export const DependencySchema = z.object({
  run: runName.describe("Name of a run in the same namespace."),
  scope: z
    .enum(["Run", "Subtree"])
    .optional()
    .describe("Whether its descendants have to be over as well; Run if absent."),
  allowFailure: z.boolean().optional().describe("Start also if it did not succeed."),
});
export type Dependency = z.infer<typeof DependencySchema>;

/** A JSON pointer (RFC 6901) to something within a value: the whole value has none. */
export const pointerPattern = /^(\/([^~/]|~[01])*)+$/;

/** A place in the input that holds null until the run starts, and then the result of another run. */
export const InputRefSchema = z.object({
  pointer: z.string().max(limits.pointerLength).regex(pointerPattern).describe("JSON pointer into the input."),
  run: runName.describe("Whose result goes there."),
});
export type InputRef = z.infer<typeof InputRefSchema>;

/** `spec.dependsOn` and `spec.inputRefs`. */
export const dependencyFields = {
  dependsOn: z
    .array(DependencySchema)
    .max(limits.dependencies)
    .optional()
    .describe("Runs that have to be over before this one starts."),
  inputRefs: z
    .array(InputRefSchema)
    .max(limits.dependencies)
    .optional()
    .describe("Where results of other runs go in the input. Written by the SDK and the gateway."),
};
