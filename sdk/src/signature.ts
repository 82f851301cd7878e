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
  const names = parameters ? parameters.map(({ name }) => name) : [];
  const problem = parameterNameProblem(task, names);
  if (problem !== undefined) throw new TypeError(problem);

  const isPattern = described === undefined && !parameters && read.kind === "pattern";
  const objectArgument = described === "object" || options.args === "object" || isPattern;
  const mayBeLeftOut = fn.length === 0 && !(described && takesNothing(read));
  return { ...(parameters ? { parameters } : {}), ...objectPart(objectArgument, mayBeLeftOut) };
}

function objectPart(
  objectArgument: boolean,
  mayBeLeftOut: boolean,
): Pick<Signature, "objectArgument" | "objectOptional"> {
  return objectArgument && mayBeLeftOut ? { objectArgument, objectOptional: true } : { objectArgument };
}

/**
 * `length` counts what stands before the first default, so 0 says that the one argument may be left out; but where a schema
 * asks for that argument, a function without any parameter does not say so.
 */
function takesNothing(read: ReadParameters): boolean {
  return read.kind === "named" && read.parameters.length === 0;
}

/** The names as declared; what is required is said there, else by the source, else by the function's length (S33). */
function declared(given: readonly DeclaredParameter[], read: ReadParameters, length: number): readonly Parameter[] {
  return given.map((parameter, at) => {
    const { name, required } = typeof parameter === "string" ? { name: parameter } : parameter;
    const source = read.kind === "named" ? read.parameters[at] : undefined;
    return { name, required: required ?? source?.required ?? at < length, rest: source?.rest ?? false };
  });
}
