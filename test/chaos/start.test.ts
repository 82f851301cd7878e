// A replica that comes up while the API server is ill: it needs the Secret of its certificate authority before it can begin.
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

import { startEmbedded } from "../../cli/src/dev/embedded.ts";
import { type Built, buildAssets } from "./built.ts";

/** It asks ever more seldom, and on a machine that is busy with other things it begins late. */
const patienceMs = 300_000;
/** More than one request is repeated: what asks after that has been told that there is no answer. */
const asksInVain = 10;

let built: Built;
beforeAll(async () => {
  built = await buildAssets();
}, patienceMs);
afterAll(() => built.remove());

test(
  "a replica that starts while its Secret cannot be read waits, and then serves",
  { timeout: patienceMs },
  async () => {
    let asks = 0;
    const embedded = await startEmbedded({
      assets: built.assets,
      faults: {
        onRequest: ({ verb, resource }) => {
          if (verb !== "get" || resource !== "secrets") return undefined;
          asks++;
          return asks <= asksInVain ? { kind: "error" } : undefined;
        },
        onEvent: () => undefined,
      },
    });
    onTestFinished(() => embedded.close());

    const operator = await embedded.startOperator();
    await operator.ready;
    await operator.stop();

    expect(asks).toBeGreaterThan(asksInVain);
    expect(await operator.ended).toBe(0);
  },
);
