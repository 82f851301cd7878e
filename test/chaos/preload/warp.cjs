// Loaded before a process's own code, whatever it is: from STINT_CHAOS_EPOCH_MS on its time passes STINT_CHAOS_SPEED times as
// fast as the machine's, and its wall clock is wrong by STINT_CHAOS_SKEW_MS. Timers, instants and durations agree with each
// other, so that nothing in it can tell.
const timers = require("node:timers");
const promises = require("node:timers/promises");
const { performance } = require("node:perf_hooks");
const { syncBuiltinESMExports } = require("node:module");

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const speed = number("STINT_CHAOS_SPEED", 1);
const epochMs = number("STINT_CHAOS_EPOCH_MS", Date.now());
const skewMs = number("STINT_CHAOS_SKEW_MS", 0);

const realNow = Date.now.bind(Date);
const realElapsed = performance.now.bind(performance);
const realOrigin = performance.timeOrigin;
const warped = (realMs) => epochMs + (realMs - epochMs) * speed + skewMs;

Date.now = () => Math.round(warped(realNow()));
globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [Date.now()] : args, newTarget),
});
performance.now = () => realElapsed() * speed;
Object.defineProperty(performance, "timeOrigin", { value: warped(realOrigin) });

const sooner = (later) =>
  Object.assign((callback, ms = 0, ...rest) => later(callback, ms / speed, ...rest), {
    [Symbol.for("nodejs.util.promisify.custom")]: (ms, ...rest) => promises.setTimeout(ms, ...rest),
  });
for (const name of ["setTimeout", "setInterval"]) globalThis[name] = timers[name] = sooner(timers[name]);
const { setTimeout: wait, setInterval: tick } = promises;
promises.setTimeout = (ms, ...rest) => wait(ms / speed, ...rest);
promises.setInterval = (ms, ...rest) => tick(ms / speed, ...rest);
const limit = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (ms) => limit(Math.ceil(ms / speed));
syncBuiltinESMExports();
