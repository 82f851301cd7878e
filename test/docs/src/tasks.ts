// The project that the pages on testing speak of.
import { task } from "@stint/sdk";

export const charge = task("charge", async (orderId: string) => `${orderId} is paid`);

export const order = task("order", async (orderId: string) => charge(orderId));

export const flaky = task("flaky", () => {
  throw new Error("no luck");
});
