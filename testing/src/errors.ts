/** The test asks the harness for something that cannot be: one sentence says what, the next what to do. */
export class HarnessError extends Error {
  override readonly name = "HarnessError";
}
