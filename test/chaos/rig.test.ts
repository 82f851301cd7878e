// What the chaos is made with: a part of the rig that did nothing would leave every seed green.
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { FaultSwitch, Tally } from "./fault-switch.ts";
import { Forwarder } from "./forwarder.ts";

/** A gateway that says its name and waits. */
async function aGateway(name: string): Promise<number> {
  const server = createServer((socket) => void socket.on("error", () => undefined).write(name));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port; // it listens on a port
}

/** The name of whoever is reached, and whether the connection still stands. */
async function reached({ address }: Forwarder) {
  const socket = connect(Number(address.split(":").at(-1)), "127.0.0.1");
  const closed = once(socket, "close").then(() => "closed");
  const said = once(socket, "data").then(([chunk]) => String(chunk));
  onTestFinished(() => void socket.destroy());
  return { closed, name: await Promise.race([said, closed]) };
}

test("the forwarder reaches each gateway in turn, and none while it is cut", async () => {
  const ports = [await aGateway("one"), await aGateway("two")];
  const forwarder = await Forwarder.start(() => ports);
  onTestFinished(() => forwarder.close());

  const [first, second] = [await reached(forwarder), await reached(forwarder)];
  forwarder.cut();
  const whileCut = await reached(forwarder);
  forwarder.mend();
  const after = await reached(forwarder);

  expect([first.name, second.name, whileCut.name, after.name]).toEqual(["one", "two", "closed", "one"]);
  expect(await first.closed).toBe("closed");
});

test("faults strike and are counted only while they are on", () => {
  const tally = new Tally();
  const faults = new FaultSwitch({ onRequest: () => ({ kind: "conflict" }), onEvent: () => "silent" }, tally);
  const asked = { method: "PUT", path: "/", verb: "update", resource: "pods", user: "me" };

  const before = faults.onRequest(asked);
  faults.turn(true);
  const during = [faults.onRequest(asked)?.kind, faults.onEvent(asked, "ADDED")];
  faults.turn(false);
  faults.away(true);
  const away = faults.onRequest(asked);

  expect(before).toBeUndefined();
  expect(during).toEqual(["conflict", "silent"]);
  expect(away).toEqual({ kind: "error" });
  expect(Object.fromEntries(tally.counts)).toEqual({ conflict: 1, silent: 1 });
});
