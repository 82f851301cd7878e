import type { Parameter, Signature } from "@stint/crds/manifest";
import { parameterNameProblem } from "@stint/crds/names";

import type { DeclaredParameter, TaskOptions } from "./options.ts";
import { readParameters, type AnyFunction, type ReadParameters } from "./parameters.ts";

/**
 * How the task's input becomes arguments: as the function's source says, and the options above it.
 *
 * `described` is what the task's schema is about: the only argument, or the list of them (S39).
 *
 * @throws {TypeError} for a reserved parameter name (S6).
 */
export function signatureOf(
  task: string,
  fn: AnyFunction,
  options: Pick<TaskOptions, "parameters" | "args">,
  described?: "object" | "array",
): Signature {
  const read = readParameters(fn);
  const parameters = options.parameters
    ? declared(options.parameters, read, fn.length)
    : read.kind === "named" && read.parameters;
  refuseReserved(task, parameters || []);
  const isPattern = described === undefined && !parameters && read.kind === "pattern";
  const objectArgument = described === "object" || options.args === "object" || isPattern;
  return {
    ...(parameters ? { parameters } : {}),
    objectArgument,
    ...(objectArgument && mayBeLeftOut(fn, read, described) ? { objectOptional: true } : {}),
  };
}

function refuseReserved(task: string, parameters: readonly Parameter[]): void {
  const problem = parameterNameProblem(
    task,
    parameters.map(({ name }) => name),
  );
  if (problem !== undefined) throw new TypeError(problem);
}

/**
 * Whether the one argument has a default: `length` counts what stands before the first. Where a schema asks for the argument,
 * a function without any parameter does not say so.
 */
function mayBeLeftOut(fn: AnyFunction, read: ReadParameters, described: "object" | "array" | undefined): boolean {
  const takesNone = read.kind === "named" && read.parameters.length === 0;
  return fn.length === 0 && !(described && takesNone);
}

/** The names as declared; what is required is said there, else by the source, else by the function's length (S33). */
function declared(given: readonly DeclaredParameter[], read: ReadParameters, length: number): readonly Parameter[] {
  return given.map((parameter, at) => {
    const { name, required } = typeof parameter === "string" ? { name: parameter } : parameter;
    const source = read.kind === "named" ? read.parameters[at] : undefined;
    return { name, required: required ?? source?.required ?? at < length, rest: source?.rest ?? false };
  });
}
