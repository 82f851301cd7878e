// What an operator says about its own process, on its port for Prometheus.

/** How late the event loop was since the last question, in milliseconds; the timer that measures it fires each 10 ms. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Asking forgets: the next answer is about the time from now on. */
export async function loopDelayOf(port: number): Promise<LoopDelay> {
  const metrics = await metricsOf(port);
  const ms = (name: string): number => (metrics.get(`nodejs_eventloop_lag_${name}_seconds`) ?? Number.NaN) * 1000;
  return { p50: ms("p50"), p99: ms("p99"), max: ms("max") };
}

/** Values of the metrics that have no labels, by name. */
export async function metricsOf(port: number): Promise<ReadonlyMap<string, number>> {
  // A connection that is kept may be closed by the other side just when it is used again.
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: "close" } });
  return readMetrics(await answer.text());
}

export function readMetrics(text: string): ReadonlyMap<string, number> {
  const values = [...text.matchAll(/^([a-z_0-9]+) (\S+)$/gm)];
  return new Map(values.map(([, name = "", value]) => [name, Number(value)]));
}
