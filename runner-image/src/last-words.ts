// The termination message: what the operator reads where no gateway has answered (S53).
import type { Report } from "@stint/crds/attempt";
import { encodeTermination } from "@stint/crds/termination";

import type { ChannelLost } from "./channel.ts";
import type { Log } from "./log.ts";

export class LastWords {
  readonly #write: (text: string) => void;
  readonly #log: Log;
  #report: Report | undefined;

  /** `write` puts a text into the container's termination log, in the place of any other. */
  constructor(write: (text: string) => void, log: Log) {
    this.#write = write;
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
    if (text !== undefined) this.#say(text);
    return text !== undefined;
  }

  /** Writes the outcome, or else that a call was given up: the absence of a gateway is not charged to the user. */
  writeLost({ call }: ChannelLost): void {
    if (!this.writeReport()) this.#say(encodeTermination({ kind: "lost", call }) ?? "");
  }

  #say(text: string): void {
    try {
      this.#write(text);
    } catch (error) {
      this.#log.error("termination message not written", { error: String(error) });
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
