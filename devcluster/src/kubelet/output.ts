// What a container writes: kept in a file, with the instants of its pieces, and read as `kubectl logs` wants it.
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

import type { Clock } from "../clock.ts";
import type { LogOptions } from "../pod-logs.ts";

const pieceBytes = 64 * 1024;

/** Where a piece of output begins, and when it came. */
interface Piece {
  readonly offset: number;
  readonly at: string;
}

/** One container's output. It grows until {@link Output.end}. */
export class Output {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #descriptor: number;
  readonly #pieces: Piece[] = [];
  #size = 0;
  #ended = false;
  #grown = Promise.withResolvers<void>();

  constructor(file: string, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
    this.#descriptor = openSync(file, "a+");
  }

  get size(): number {
    return this.#size;
  }

  append(chunk: Buffer): void {
    if (this.#ended) return;
    this.#pieces.push({ offset: this.#size, at: this.#clock.now().toISOString() });
    this.#size += writeSync(this.#descriptor, chunk);
    this.#wake();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    closeSync(this.#descriptor);
    this.#wake();
  }

  /** The last bytes, at most so many. */
  lastBytes(bytes: number): string {
    const start = Math.max(0, this.#size - bytes);
    const descriptor = openSync(this.#file, "r");
    try {
      const buffer = Buffer.alloc(this.#size - start);
      return buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, buffer.length, start));
    } finally {
      closeSync(descriptor);
    }
  }

  async *read({ follow = false, tailLines, timestamps = false, signal }: LogOptions): AsyncGenerator<Uint8Array> {
    const file = await open(this.#file);
    const stamped = timestamps ? stamper(this.#pieces) : (bytes: Buffer) => bytes;
    try {
      let offset = tailLines === undefined ? 0 : await this.#startOfTail(file, tailLines);
      for (;;) {
        if (signal?.aborted) return;
        // Both are looked at before the read: what comes between the read and a look after it would never be read.
        const [ended, grown] = [this.#ended, this.#grown.promise];
        const { buffer, bytesRead } = await file.read(Buffer.alloc(pieceBytes), 0, pieceBytes, offset);
        if (bytesRead > 0) yield stamped(buffer.subarray(0, bytesRead), offset);
        else if (!follow || ended) return;
        else await untilAborted(grown, signal);
        offset += bytesRead;
      }
    } finally {
      await file.close();
    }
  }

  #wake(): void {
    this.#grown.resolve();
    this.#grown = Promise.withResolvers<void>();
  }

  /** Where the last lines begin. A last line without an end counts as one. */
  async #startOfTail(file: FileHandle, lines: number): Promise<number> {
    if (lines === 0) return this.#size;
    let left = lines;
    for (let end = this.#size - 1; end > 0; end = Math.max(0, end - pieceBytes)) {
      const start = Math.max(0, end - pieceBytes);
      const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
      for (const at of newlinesFromEnd(buffer)) {
        left -= 1;
        if (left === 0) return start + at + 1;
      }
    }
    return 0;
  }
}

function* newlinesFromEnd(buffer: Buffer): Generator<number> {
  for (let end = buffer.length; end > 0;) {
    end = buffer.subarray(0, end).lastIndexOf("\n");
    if (end >= 0) yield end;
  }
}

/** What puts the instant before each line, given the bytes in order. */
function stamper(pieces: readonly Piece[]): (bytes: Buffer, offset: number) => Buffer {
  let beginsLine = true;
  let index = 0;
  return (bytes, offset) => {
    const parts: Buffer[] = [];
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf("\n", start) + 1 || bytes.length;
      while ((pieces[index + 1]?.offset ?? Infinity) <= offset + start) index += 1;
      if (beginsLine) parts.push(Buffer.from(`${pieces[index]?.at} `));
      parts.push(bytes.subarray(start, end));
      beginsLine = bytes[end - 1] === 0x0a;
      start = end;
    }
    return Buffer.concat(parts);
  };
}

async function untilAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return promise;
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const leave = () => resolve();
  signal.addEventListener("abort", leave, { once: true });
  await Promise.race([promise, aborted]);
  signal.removeEventListener("abort", leave);
}
