// A module's text becomes plain JavaScript, once, so that no start of a pod pays for it: on Node 24 a TypeScript module
// costs every attempt more than the whole runner does.
//
//   T1. Types are replaced by spaces, so line and column of an error in a pod are those of the source.
//   T2. What says that it is JavaScript stays as it is if it reads as JavaScript. Stripping it might change it: minified
//       code such as `f(a<b,c>(d))` compares twice, but with types it is a call of `a`.
import { Worker } from "node:worker_threads";

/** What a text is taken for. TypeScript includes JavaScript that was written by hand. */
export type Language = "TypeScript" | "JavaScript";

export type Stripped = { readonly code: string } | { readonly problem: string };

interface Answer {
  readonly code?: string;
  readonly error?: { readonly message: string; readonly stack: string };
}

// A thread of its own, for three reasons. Half a megabyte keeps a loop busy for 150 ms, and the leader renews its lease on
// ours. Node warns once a process that the function is experimental, and a thread can be told not to. And to read a module
// as JavaScript without running it takes a flag that nothing else in the operator is to have.
const reader = `
  const { parentPort, workerData: { text, language } } = require("node:worker_threads");
  const { stripTypeScriptTypes } = require("node:module");
  const { SourceTextModule } = require("node:vm");
  const isJavaScript = () => {
    try {
      return new SourceTextModule(text) !== undefined;
    } catch {
      return false;
    }
  };
  try {
    const code = language === "JavaScript" && isJavaScript() ? text : stripTypeScriptTypes(text, { mode: "strip" });
    parentPort.postMessage({ code });
  } catch (error) {
    parentPort.postMessage({ error: { message: String(error?.message), stack: String(error?.stack) } });
  }
`;

/** No text of half a megabyte takes the parser this long, unless it was written to. */
const patienceMs = 30_000;

/**
 * The text without its types, or why that cannot be: `line 2, column 7: Unexpected token …`.
 *
 * Enums, namespaces, parameter properties and other TypeScript that leaves code behind are problems too: they cannot be
 * stripped. Never rejects for what the text says. Source: S11; `stripTypeScriptTypes` of `node:module`.
 */
export async function stripTypes(text: string, language: Language): Promise<Stripped> {
  const { code, error } = await read(text, language);
  return code === undefined ? { problem: located(error ?? { message: "it cannot be parsed", stack: "" }) } : { code };
}

function read(text: string, language: Language): Promise<Answer> {
  return new Promise((resolve) => {
    const worker = new Worker(reader, {
      eval: true,
      workerData: { text, language },
      execArgv: ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"],
    });
    worker.once("message", (answer: Answer) => resolve(answer));
    // A text can bring down the parser itself, by nesting too deep for instance. That is the text's fault as well.
    worker.once("error", (error) => resolve({ error: { message: String(error), stack: "" } }));
    worker.once("exit", () => resolve({}));
    AbortSignal.timeout(patienceMs).addEventListener("abort", () => void worker.terminate(), { once: true });
  });
}

/** Node says where in the head of the stack: `<file>:<line>`, some lines, and carets below the place in the last. */
function located({ message, stack }: NonNullable<Answer["error"]>): string {
  const [, line, indentation] = /^[^\n]*:(\d+)\n(?:(?:[^\n]*\n)*?( *)\^+\n)?/.exec(stack) ?? [];
  if (line === undefined) return message;
  return indentation === undefined
    ? `line ${line}: ${message}`
    : `line ${line}, column ${indentation.length + 1}: ${message}`;
}
