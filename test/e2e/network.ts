// Tasks that try the network: an inline bundle of its own. Its text is what the cluster gets.
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { currentContext, task } from "@stint/sdk";

/** Whether somebody answers; where packets are dropped, nobody ever does. */
type Outcome = "answers" | "silent" | "refuses";

/** Takes whoever connects, until it is canceled. */
export const listens = task("listens", async (port: number) => {
  const { signal } = currentContext();
  createServer((socket) => socket.destroy()).listen(port);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
});

/** What comes of connecting to each of these `host:port`: as expected, or as it stands after half a minute. */
export const tries = task("tries", async (expected: Readonly<Record<string, Outcome>>) => {
  const end = Date.now() + 30_000;
  for (;;) {
    const found = await Promise.all(
      Object.keys(expected).map(async (place) => [place, await outcomeOf(place)] as const),
    );
    // A pod's address reaches those who enforce a policy some time after the pod itself.
    if (found.every(([place, outcome]) => outcome === expected[place]) || Date.now() > end)
      return Object.fromEntries(found);
    await sleep(500);
  }
});

function outcomeOf(place: string): Promise<Outcome> {
  const [host, port] = place.split(":");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 2_000 });
    const end = (outcome: Outcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.on("connect", () => end("answers"));
    socket.on("timeout", () => end("silent"));
    socket.on("error", () => end("refuses"));
  });
}
