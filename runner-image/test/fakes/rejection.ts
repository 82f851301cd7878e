/** Resolves with what the promise rejects with: watched from now on, so that it may reject before the test awaits it. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (reason) {
    return reason;
  }
  throw new Error("the promise has resolved");
}
