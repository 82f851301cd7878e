// Objects as rows: what `kubectl get` asks for, and prints as it comes.
import type { KubeObject } from "./api.ts";
import { jsonPath } from "./json-path.ts";
import { plain } from "./json.ts";
import { type Printed, printedColumns } from "./printers.ts";
import type { Column, Resource } from "./resource.ts";

export interface TableOptions {
  readonly now: Date;
  /** How much of each object goes along: kubectl asks for none, its metadata, or all of it. */
  readonly include: string | null;
  readonly metadata: object;
  /** In a watch only the first table says what its columns are. */
  readonly isFirst: boolean;
}

interface Definition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

const nameColumn: Definition = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace.",
  priority: 0,
};

export function toTable(resource: Resource, objects: readonly KubeObject[], options: TableOptions): object {
  const { columns } = resource;
  const definitions = columns ? columns.map(definitionOfColumn) : printedColumns(resource).map(definitionOfPrinted);
  const cells = (object: KubeObject): readonly unknown[] =>
    columns
      ? columns.map((column) => customCell(column, object, options.now))
      : printedColumns(resource).map((printed) => printedCell(printed, object, options.now));
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: options.metadata,
    columnDefinitions: options.isFirst ? [nameColumn, ...definitions] : null,
    rows: objects.map((object) => ({
      cells: [object.metadata.name, ...cells(object)],
      object: included(object, options.include),
    })),
  };
}

function included(object: KubeObject, include: string | null): object | null {
  if (include === "None") return null;
  if (include === "Object") return object;
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

function definitionOfColumn({
  name,
  type,
  format = "",
  description,
  priority = 0,
  jsonPath: path,
}: Column): Definition {
  const what = description ?? `Custom resource definition column (in JSONPath format): ${path}`;
  return { name, type, format, description: what, priority };
}

function definitionOfPrinted({ name, type, priority = 0 }: Printed): Definition {
  return { name, type: type === "date" ? "string" : type, format: "", description: "", priority };
}

function printedCell({ type, cell }: Printed, object: KubeObject, now: Date): unknown {
  const value = cell(object);
  return type === "date" ? ageOf(value, now) : value;
}

function customCell({ type, jsonPath: path }: Column, object: KubeObject, now: Date): unknown {
  const [value] = jsonPath(object, path);
  if (value === undefined || value === null) return null;
  if (type === "date") return ageOf(value, now);
  if (type === "string") return typeof value === "string" ? value : JSON.stringify(value);
  return typeof value === "object" ? JSON.stringify(plain(value)) : value;
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
