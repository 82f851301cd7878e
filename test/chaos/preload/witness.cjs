// Loaded into every attempt's process before its runner: writes down what only the process itself can know, into a file beside
// the cluster. The runner's own words are taken: that it began to work, and that its report was acknowledged.
const { appendFileSync, readFileSync } = require("node:fs");

const file = process.env.STINT_CHAOS_LEDGER;
const realNow = Date.now; // before another preload gives the process a time of its own
const { pid } = process;
const podName = process.env.HOSTNAME;
const kinds = new Map([
  ["attempt started", "started"],
  ["report acknowledged", "acknowledged"],
]);

note({ kind: "process" });
const write = process.stdout.write;
process.stdout.write = function (chunk, ...rest) {
  witness(String(chunk));
  return write.call(this, chunk, ...rest);
};

function witness(text) {
  const [, msg] = /"msg":"([^"]+)"/.exec(text) ?? [];
  const kind = kinds.get(msg);
  if (kind === undefined) return;
  const { run, attempt, state } = JSON.parse(text);
  note({ kind, run, attempt, state, ...(kind === "started" && { beside: aliveBeside(run) }) });
}

/** Pods of the same run whose process lives now. */
function aliveBeside(run) {
  const entries = readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const others = entries.filter((entry) => entry.kind === "started" && entry.run === run && entry.pid !== pid);
  return others.filter((other) => isAlive(other.pid)).map((other) => other.podName);
}

/** A process that has ended and is not buried yet is dead. */
function isAlive(pid) {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function note(entry) {
  appendFileSync(file, `${JSON.stringify({ atMs: realNow(), pid, podName, ...entry })}\n`);
}
