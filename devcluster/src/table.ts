// Objects as rows: what `kubectl get` asks for, and prints as it comes.
import type { KubeObject } from "./api.ts";
import { jsonPath } from "./json-path.ts";
import { nameColumn, type Printed, printedColumns } from "./printers.ts";
import type { Column, Resource } from "./resource.ts";

export interface TableOptions {
  readonly now: Date;
  /** How much of each object goes along: kubectl asks for none, its metadata, or all of it. */
  readonly include: string | null;
  readonly metadata: object;
  /** In a watch only the first table says what its columns are. */
  readonly isFirst: boolean;
}

export function toTable(resource: Resource, objects: readonly KubeObject[], options: TableOptions): object {
  const columns = resource.columns ? [nameColumn, ...resource.columns.map(toPrinted)] : printedColumns(resource);
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: options.metadata,
    columnDefinitions: options.isFirst ? columns.map(definitionOf) : null,
    rows: objects.map((object) => ({
      cells: columns.map((column) => cellOf(column, object, options.now)),
      object: included(object, options.include),
    })),
  };
}

function included(object: KubeObject, include: string | null): object | null {
  if (include === "None") return null;
  if (include === "Object") return object;
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

/** A column of a definition: what its path leads to, as text where it is said to be text. */
function toPrinted({ name, type, format, description, priority, jsonPath: path }: Column): Printed {
  return {
    name,
    type,
    description: description ?? `Custom resource definition column (in JSONPath format): ${path}`,
    ...(format !== undefined && { format }),
    ...(priority !== undefined && { priority }),
    cell: (object) => {
      const [value] = jsonPath(object, path);
      if (value === undefined || value === null) return null;
      const isText = typeof value === "object" || (type === "string" && typeof value !== "string");
      return isText ? JSON.stringify(value) : value;
    },
  };
}

function definitionOf({ name, type, format = "", description = "", priority = 0 }: Printed): object {
  return { name, type, format, description, priority };
}

function cellOf({ type, cell }: Printed, object: KubeObject, now: Date): unknown {
  const value = cell(object);
  return type === "date" && value !== null ? ageOf(value, now) : value;
}

function ageOf(instant: unknown, now: Date): string {
  if (typeof instant !== "string") return "<unknown>";
  return humanDuration(Math.max(0, now.getTime() - Date.parse(instant)) / 1000);
}

function and(rest: number, unit: string): string {
  return Math.floor(rest) > 0 ? `${Math.floor(rest)}${unit}` : "";
}

/** As kubectl writes ages: two units at most, the small ones only while they matter. */
function humanDuration(seconds: number): string {
  const [minutes, hours, days] = [seconds / 60, seconds / 3600, seconds / 86_400].map(Math.floor) as [
    number,
    number,
    number,
  ];
  if (seconds < 120) return `${Math.floor(seconds)}s`;
  if (minutes < 10) return `${minutes}m${and(seconds % 60, "s")}`;
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return `${hours}h${and(minutes % 60, "m")}`;
  if (hours < 48) return `${hours}h`;
  if (days < 8) return `${days}d${and(hours % 24, "h")}`;
  return `${days}d`;
}
