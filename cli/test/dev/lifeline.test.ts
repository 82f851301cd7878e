import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { expect, test } from "vitest";

import { survivorsOf } from "./kit/processes.ts";

const lifeline = join(import.meta.dirname, "../../src/dev/lifeline.cjs");

test(
  "who hangs on the lifeline ends with its parent, even one that could not exit by itself",
  { timeout: 120_000 },
  async () => {
    const stuck = "process.on('exit', () => { for (;;); }); setInterval(() => {}, 1000); process.send('up');";
    const parent = `
    const child = require('child_process').spawn(process.execPath, ['--require', ${JSON.stringify(lifeline)}, '-e', ${JSON.stringify(stuck)}], {
      detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.once('message', () => process.stdout.write(String(child.pid), () => process.kill(process.pid, 'SIGKILL')));`;

    const child = spawn(process.execPath, ["-e", parent], { stdio: ["ignore", "pipe", "inherit"] });
    const [said] = (await once(child.stdout, "data")) as [Buffer];

    expect(await survivorsOf([Number(said)])).toEqual([]);
  },
);
