// A container's last words: what its status keeps as `state.terminated.message`.
import { closeSync, openSync, readSync } from "node:fs";

import type { Output } from "./output.ts";
import type { Container } from "./pod.ts";

const limits = { messageBytes: 4096, podBytes: 12_288, outputBytes: 2048, outputLines: 80 } as const;

/**
 * What the container wrote into its termination file, at most 4096 bytes; where it asks for it and failed without a word,
 * the last 2048 bytes or 80 lines of its output. All containers of a pod share 12288 bytes equally.
 *
 * Source: `terminationMessagePolicy` of a container.
 */
export function terminationMessage(
  { terminationMessagePolicy }: Container,
  { file, output, exitCode, containers }: { file: string; output: Output; exitCode: number; containers: number },
): string {
  const share = Math.floor(limits.podBytes / containers);
  const words = Buffer.from(lastWords(file) || fallback());
  return words.toString("utf8", 0, Math.min(words.length, share));

  function fallback(): string {
    if (terminationMessagePolicy !== "FallbackToLogsOnError" || exitCode === 0) return "";
    const lines = output.lastBytes(limits.outputBytes).split(/(?<=\n)/);
    return lines.slice(-limits.outputLines).join("");
  }
}

function lastWords(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return ""; // the container has removed it
  }
  const buffer = Buffer.alloc(limits.messageBytes);
  const bytes = readSync(descriptor, buffer, 0, buffer.length, 0);
  closeSync(descriptor);
  return buffer.toString("utf8", 0, bytes);
}
