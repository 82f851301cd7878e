#!/usr/bin/env node
// The composition root: this process's own terminal, clock and arguments.
import { basename } from "node:path";
import { setTimeout } from "node:timers/promises";

import { stint } from "./stint.ts";
import { processTerminal } from "./terminal.ts";

process.exitCode = await stint(process.argv.slice(2), {
  name: basename(process.argv[1] ?? "").startsWith("kubectl-") ? "kubectl stint" : "stint",
  nodeVersion: process.versions.node,
  terminal: processTerminal(),
  now: () => new Date(),
  sleep: (ms, signal) => setTimeout(ms, undefined, signal ? { signal } : {}),
  interrupted,
});

/** Once one has come, Node has its own way with the next: it ends the process. */
function interrupted(): AbortSignal {
  const stop = new AbortController();
  const signals = ["SIGINT", "SIGTERM"] as const;
  const onSignal = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
    stop.abort();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return stop.signal;
}
