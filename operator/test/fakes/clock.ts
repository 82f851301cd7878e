import { type Sleeper, VirtualClock } from "../../../testing/src/memory/clock.ts";

/** A clock that stands still until a test moves it, and that tells who sleeps. */
export class FakeClock extends VirtualClock {
  #skewMs = 0;
  #awaited: { readonly ms: number; readonly resolve: () => void }[] = [];
  /** How long everybody who slept wanted to, in order. */
  readonly sleeps: number[] = [];

  constructor(start: Date | string = "2026-01-01T00:00:00.000Z") {
    super(start);
  }

  override now(): Date {
    return new Date(super.now().getTime() + this.#skewMs);
  }

  /** Resolves once somebody sleeps who wanted to for exactly `ms`: how a test waits for what does I/O before its pause. */
  async untilAsleepFor(ms: number): Promise<void> {
    if (this.sleepers.some((sleeper) => sleeper.ms === ms)) return;
    await new Promise<void>((resolve) => this.#awaited.push({ ms, resolve }));
  }

  /** How many are asleep: a stopped component leaves none behind. */
  get sleeping(): number {
    return this.sleepers.length;
  }

  /** Sets the wall clock forward or back, as an administrator or NTP does. Durations are unharmed. */
  skew(ms: number): void {
    this.#skewMs += ms;
  }

  protected override fellAsleep({ ms }: Sleeper): void {
    this.sleeps.push(ms);
    for (const one of this.#awaited.filter((one) => one.ms === ms)) one.resolve();
    this.#awaited = this.#awaited.filter((one) => one.ms !== ms);
  }
}
