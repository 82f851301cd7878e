import type { ChildrenRequest, ChildrenResponse, ChildStart } from "@stint/crds/attempt";
import { limits } from "@stint/crds/limits";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { Refusal } from "../src/channel.ts";
import { Children } from "../src/children.ts";
import { aGateway, aStart } from "./builders.ts";

const never = new AbortController().signal;

const nameOf = ({ sequence }: ChildStart): string => `trn-${sequence}`;

/** Starts every child that it is asked for, and keeps the requests. */
function anObligingGateway() {
  const requests: ChildrenRequest[] = [];
  const startChildren = async (request: ChildrenRequest): Promise<ChildrenResponse> => {
    requests.push(request);
    return { children: request.starts.map((start) => ({ sequence: start.sequence, name: nameOf(start), uid: "u" })) };
  };
  return { requests, gateway: aGateway({ startChildren }) };
}

test("starts made without waiting in between are one request, in order (H1)", async () => {
  const { gateway, requests } = anObligingGateway();
  const children = new Children(gateway, never);
  const startAfterMicrotasks = async (sequence: number): Promise<string> => {
    for (let hop = 0; hop < sequence; hop++) await Promise.resolve();
    return children.start(aStart(sequence));
  };

  const names = await Promise.all([1, 2, 3].map(startAfterMicrotasks));

  expect(names).toEqual(["trn-1", "trn-2", "trn-3"]);
  expect(requests).toEqual([{ starts: [aStart(1), aStart(2), aStart(3)] }]);
});

test("a start made after an answer is a request of its own", async () => {
  const { gateway, requests } = anObligingGateway();
  const children = new Children(gateway, never);

  await children.start(aStart(1));
  await children.start(aStart(2));

  expect(requests).toHaveLength(2);
});

test("however many and large they are, each start is sent once, in order, in requests the gateway takes (H2)", async () => {
  const many = fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 250, size: "max" });
  const large = fc.array(fc.constantFrom(100_000, limits.payloadBytes - 2), {
    minLength: 1,
    maxLength: 25,
    size: "max",
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(many, large), async (sizes) => {
      const { gateway, requests } = anObligingGateway();
      const children = new Children(gateway, never);
      const starts = sizes.map((size, index) => aStart(index + 1, { input: "x".repeat(size) }));

      const names = await Promise.all(starts.map((start) => children.start(start)));

      expect(names).toEqual(starts.map(nameOf));
      expect(requests.flatMap((request) => request.starts)).toEqual(starts);
      for (const request of requests) {
        expect(Buffer.byteLength(JSON.stringify(request))).toBeLessThanOrEqual(limits.requestBytes);
        expect(request.starts.length).toBeLessThanOrEqual(100);
      }
    }),
    { numRuns: 20 },
  );
});

test("a refused start rejects alone", async () => {
  const error = { code: "TreeLimitExceeded", message: "run tree of r has reached its size limit of 2" } as const;
  const children = new Children(
    aGateway({
      startChildren: () =>
        Promise.resolve({
          children: [
            { sequence: 1, name: "trn-1", uid: "u" },
            { sequence: 2, error },
          ],
        }),
    }),
    never,
  );

  const started = await Promise.allSettled([children.start(aStart(1)), children.start(aStart(2))]);

  expect(started).toEqual([
    { status: "fulfilled", value: "trn-1" },
    { status: "rejected", reason: expect.objectContaining(error) },
  ]);
});

test("a refused request rejects all its starts", async () => {
  const refusal = new Refusal({ code: "Canceled", message: "the run is being canceled" });
  const children = new Children(aGateway({ startChildren: () => Promise.reject(refusal) }), never);

  const started = await Promise.allSettled([children.start(aStart(1)), children.start(aStart(2))]);

  expect(started).toEqual([1, 2].map(() => ({ status: "rejected", reason: refusal })));
});

test("a start that the gateway leaves out is no success", async () => {
  const children = new Children(aGateway({ startChildren: () => Promise.resolve({ children: [] }) }), never);

  await expect(children.start(aStart(7))).rejects.toThrow("did not answer start 7");
});
