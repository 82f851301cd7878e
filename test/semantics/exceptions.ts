// What the contract says and the product does not do yet, with the reason. `npm run coverage:semantics` prints it.

/** Sections of docs/semantics.md whose every item has to be tested. */
export const builtSections: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16];

/** Items, or parts of them, that wait for another part of the product. */
export const notBuilt: Readonly<Record<string, string>> = {
  S43: "above 524288 bytes: waits for the payload store",
  S44: "with a payload store: waits for it",
  S49: "above 524288 bytes: waits for the payload store",
  S50: "waits for the payload store",
  S103: "waits for pipelines (section 12)",
  S145: "logs after their pod: wait for the payload store",
  S159: "spec.queue: waits for queues (section 11)",
  S174: "waits for flows (section 13)",
  S281: "-- command: waits for the socket protocol (section 15)",
};
