import { expect, test } from "vitest";

import { linesUntilEnd } from "../src/log-lines.ts";

/** A stream that says its lines, is silent for some seconds, and then ends or breaks. */
interface Stream {
  readonly lines: readonly string[];
  readonly silentSeconds: number;
  readonly ends: "cleanly" | "broken";
}

async function read(streams: readonly Stream[]): Promise<{ lines: string[]; asked: (number | undefined)[] }> {
  let seconds = 0;
  const asked: (number | undefined)[] = [];
  async function* speak({ lines, silentSeconds, ends }: Stream): AsyncGenerator<string> {
    yield* lines;
    seconds += silentSeconds;
    if (ends === "broken") throw new Error("terminated");
  }
  const open = (sinceSeconds?: number): Promise<AsyncIterable<string>> => {
    const stream = streams[asked.length];
    asked.push(sinceSeconds);
    return stream ? Promise.resolve(speak(stream)) : Promise.reject(new Error("the pod is gone"));
  };
  const lines: string[] = [];
  for await (const line of linesUntilEnd(open, () => new Date(seconds * 1000))) lines.push(line);
  return { lines, asked };
}

test("a log that ends is read once", async () => {
  const { lines, asked } = await read([{ lines: ["a", "b"], silentSeconds: 0, ends: "cleanly" }]);

  expect(lines).toEqual(["a", "b"]);
  expect(asked).toEqual([undefined]);
});

test("a stream that breaks in a long silence is taken up within that silence", async () => {
  const { lines, asked } = await read([
    { lines: ["a"], silentSeconds: 330, ends: "broken" },
    { lines: [], silentSeconds: 330, ends: "broken" },
    { lines: ["b"], silentSeconds: 0, ends: "cleanly" },
  ]);

  expect(lines).toEqual(["a", "b"]);
  expect(asked).toEqual([undefined, 165, 165]);
});

test("a log that cannot be opened again is an error", async () => {
  await expect(read([{ lines: ["a"], silentSeconds: 1, ends: "broken" }])).rejects.toThrow("the pod is gone");
});
