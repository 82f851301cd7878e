// The termination message: what the operator reads where no gateway has answered (S53).
import { writeFileSync } from "node:fs";

import type { Report } from "@stint/crds/attempt";
import { encodeTermination } from "@stint/crds/termination";

import type { ChannelLost } from "./channel.ts";
import type { Log } from "./log.ts";

export class LastWords {
  readonly #path: string;
  readonly #log: Log;
  #report: Report | undefined;

  /** `path`: the container's termination log. */
  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** From now on this outcome is the best there is to say. */
  keep(report: Report): void {
    this.#report = report;
  }

  /** Writes the outcome, a failure if need be without its stack. Answers whether there is one that fits in. */
  writeReport(): boolean {
    if (!this.#report) return false;
    const text = encode(this.#report) ?? encode(withoutStack(this.#report));
    if (text !== undefined) this.#write(text);
    return text !== undefined;
  }

  /** Writes the outcome, or else that a call was given up: the absence of a gateway is not charged to the user. */
  writeLost({ call }: ChannelLost): void {
    if (!this.writeReport()) this.#write(encodeTermination({ kind: "lost", call }) ?? "");
  }

  #write(text: string): void {
    try {
      writeFileSync(this.#path, text);
    } catch (error) {
      this.#log.error("termination message not written", { path: this.#path, error: String(error) });
    }
  }
}

function encode(report: Report): string | undefined {
  return encodeTermination({ kind: "report", report });
}

/** The reason decides what follows; the stack only explains, and is in the log as well. */
function withoutStack(report: Report): Report {
  if (report.kind === "succeeded") return report;
  const { name, message } = report.error;
  return { ...report, error: { name, message } };
}
