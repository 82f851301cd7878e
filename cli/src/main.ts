#!/usr/bin/env node
// The composition root: this process's own terminal, clock and arguments.
import { basename } from "node:path";
import { setTimeout } from "node:timers/promises";

import { stint } from "./stint.ts";
import { processTerminal } from "./terminal.ts";

process.exitCode = await stint(process.argv.slice(2), {
  name: basename(process.argv[1] ?? "").startsWith("kubectl-") ? "kubectl stint" : "stint",
  terminal: processTerminal(),
  now: () => new Date(),
  sleep: (ms, signal) => setTimeout(ms, undefined, signal ? { signal } : {}),
});
