// Lists: all that a selection meets, or a page of it and a token for the rest.
import type { KubeObject } from "./api.ts";
import { plain, text } from "./json.ts";
import { badRequest, expired, Refusal, unclassified } from "./refusal.ts";

export interface Page {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** Lists that are being paged through, as they were when their first page was asked for; the oldest are forgotten. */
export class Pages {
  readonly #lists = new Map<string, readonly KubeObject[]>();
  readonly #most = 100;

  /** The first page of a list that stays as it is now. */
  first(items: readonly KubeObject[], version: number, limit: number): Page {
    if (limit <= 0 || items.length <= limit) return { items, resourceVersion: String(version) };
    const id = crypto.randomUUID();
    this.#lists.set(id, items);
    for (const old of [...this.#lists.keys()].slice(0, -this.#most)) this.#lists.delete(old);
    return this.#page(items, { id, from: 0, version }, limit);
  }

  /** @throws {Refusal} 400 for a token that is none, 410 for one whose list is forgotten. */
  next(token: string, limit: number): Page {
    const place = parseToken(token);
    const items = this.#lists.get(place.id);
    if (!items) {
      throw expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
      );
    }
    return this.#page(items, place, limit);
  }

  /** Forgets all lists, as a compaction does. */
  forget(): void {
    this.#lists.clear();
  }

  #page(items: readonly KubeObject[], { id, from, version }: Place, limit: number): Page {
    const end = limit > 0 ? from + limit : items.length;
    const remaining = items.length - end;
    const token = Buffer.from(JSON.stringify({ id, from: end, version })).toString("base64url");
    return {
      items: items.slice(from, end),
      resourceVersion: String(version),
      ...(remaining > 0 && { continue: token, remainingItemCount: remaining }),
    };
  }
}

interface Place {
  readonly id: string;
  readonly from: number;
  readonly version: number;
}

function parseToken(token: string): Place {
  try {
    const { id, from, version } = plain(JSON.parse(Buffer.from(token, "base64url").toString()));
    return { id: text(id), from: Number(from), version: Number(version) };
  } catch {
    throw badRequest("invalid continue token: continue key is not valid");
  }
}

/** @throws {Refusal} 400. */
export function parseLimit(value: string | null): number {
  if (value === null || value === "") return 0;
  if (/^\d+$/.test(value)) return Number(value);
  throw badRequest(`strconv.ParseInt: parsing "${value}": invalid syntax`);
}

/** The version a list or a watch begins at; 0 for "any". @throws {Refusal} 504 for one that is yet to come. */
export function parseVersion(value: string | null, current: number): number {
  if (value === null || value === "") return 0;
  if (!/^\d+$/.test(value)) {
    const why = `strconv.ParseUint: parsing "${value}": invalid syntax`;
    throw unclassified(`resourceVersion: Invalid value: ${JSON.stringify(value)}: ${why}`);
  }
  const version = Number(value);
  if (version <= current) return version;
  throw new Refusal(`Timeout: Too large resource version: ${version}, current: ${current}`, {
    code: 504,
    reason: "Timeout",
    details: { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] },
    retryAfterSeconds: 1,
  });
}
