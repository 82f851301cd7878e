/** A queue that is read with `for await`: what is pushed comes out in order, then its end or its error. */
export class Channel<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = [];
  #ending: { readonly error?: unknown } | undefined;
  #wake: () => void = () => {};

  push(item: T): void {
    this.#waiting.push(item);
    this.#wake();
  }

  end(): void {
    this.#ending ??= {};
    this.#wake();
  }

  fail(error: unknown): void {
    this.#ending ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#waiting.shift();
      if (item !== undefined) yield item;
      else if (this.#ending && "error" in this.#ending) throw this.#ending.error;
      else if (this.#ending) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
