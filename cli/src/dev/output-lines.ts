// What several containers write at once, as lines: each is told when it is whole, and what is left when its container ends.
import { StringDecoder } from "node:string_decoder";

export class OutputLines {
  readonly #begun = new Map<string, { readonly decoder: StringDecoder; text: string }>();

  /** The lines that a chunk of this writer completes. */
  take(writer: string, chunk: Buffer): readonly string[] {
    const begun = this.#begun.get(writer) ?? { decoder: new StringDecoder("utf8"), text: "" };
    this.#begun.set(writer, begun);
    const lines = (begun.text + begun.decoder.write(chunk)).split("\n");
    begun.text = lines.pop() ?? "";
    return lines.map((line) => line.replace(/\r$/, ""));
  }

  /** What the writer has begun and not ended; it writes no more. */
  end(writer: string): readonly string[] {
    const { text = "" } = this.#begun.get(writer) ?? {};
    this.#begun.delete(writer);
    return text === "" ? [] : [text];
  }
}
