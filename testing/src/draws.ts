import { hashName, sha256Hex } from "@stint/crds/hash";

/** Everything that is drawn, from one seed: the same seed, the same draws. */
export class Draws {
  readonly #seed: string;
  #drawn = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** From 0 to 1. */
  readonly number = (): number => Number.parseInt(this.#digest(`number/${++this.#drawn}`).slice(0, 8), 16) / 2 ** 32;

  /** The uid of the n-th object. Jitter follows from it (S84). */
  readonly uid = (serial: number): string =>
    this.#digest(`uid/${serial}`).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");

  /** A run's name, as the SDK makes them. */
  readonly runName = (): string => `trn-${hashName(this.#digest(`name/${++this.#drawn}`), 20)}`;

  #digest(what: string): string {
    return sha256Hex(`${this.#seed}/${what}`);
  }
}
