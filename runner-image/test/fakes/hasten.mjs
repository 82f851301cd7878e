// Loaded before the runner: its waits between tries take a thousandth of their time. The limit on one request stays.
import timers from "node:timers/promises";

const { setTimeout: delay } = timers;
const requestTimeoutMs = 15_000;

timers.setTimeout = (ms, value, options) => delay(ms === requestTimeoutMs ? ms : ms / 1_000, value, options);
