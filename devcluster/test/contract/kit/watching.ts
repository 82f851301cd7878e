import type { Body, Client } from "./client.ts";

export interface Watched {
  readonly type: string;
  readonly object: Body;
}

/** The events of a watch until so many have come, or until it ends by itself. */
export async function watched(client: Client, path: string, count: number): Promise<Watched[]> {
  const { chunks } = await client.open("GET", path);
  const events: Watched[] = [];
  let begun = "";
  for await (const chunk of chunks) {
    const lines = (begun + String(chunk)).split("\n");
    begun = lines.pop() ?? "";
    events.push(...lines.filter(Boolean).map((line) => JSON.parse(line)));
    if (events.length >= count) break;
  }
  chunks.destroy();
  return events;
}

/** `ADDED a`: type and name. */
export function inWords({ type, object }: Watched): string {
  return `${type} ${object.metadata?.name ?? ""}`.trim();
}
