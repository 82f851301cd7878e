// The gateway's schemas and the protocol's types are equal, in both directions: what a runner may send is taken, and what is
// taken is what the runner's types say. Checked by the compiler.
import type {
  ChildrenRequest,
  ChildStart,
  EventsRequest,
  ProgressRequest,
  Report,
  RerunRequest,
  RunsRequest,
  TasksRequest,
} from "@stint/crds/attempt";
import type { z } from "zod";

import type {
  ChildrenRequestSchema,
  ChildStartSchema,
  EventsRequestSchema,
  ProgressRequestSchema,
  ReportSchema,
  RerunRequestSchema,
  RunsRequestSchema,
  TasksRequestSchema,
} from "../../src/gateway/schemas.ts";

/** What may be sent is taken, and what is taken can be read as the protocol's type. */
type Agrees<Schema extends z.ZodType, Protocol> = [Writable<Protocol>] extends [z.input<Schema>]
  ? [z.output<Schema>] extends [Protocol]
    ? true
    : "the schema lets pass what the protocol does not know"
  : "the schema refuses what the protocol allows";

/** Schemas know no readonly arrays. */
type Writable<T> = T extends readonly (infer Item)[]
  ? Writable<Item>[]
  : T extends object
    ? { -readonly [K in keyof T]: Writable<T[K]> }
    : T;

export const agreements: readonly true[] = [
  true satisfies Agrees<typeof ReportSchema, Report>,
  true satisfies Agrees<typeof ProgressRequestSchema, ProgressRequest>,
  true satisfies Agrees<typeof ChildStartSchema, ChildStart>,
  true satisfies Agrees<typeof RunsRequestSchema, RunsRequest>,
  true satisfies Agrees<typeof RerunRequestSchema, RerunRequest>,
  true satisfies Agrees<typeof EventsRequestSchema, EventsRequest>,
  true satisfies Agrees<typeof TasksRequestSchema, TasksRequest>,
  // Of a start only the number is checked before the others are answered for.
  true satisfies [Writable<ChildrenRequest>] extends [z.input<typeof ChildrenRequestSchema>] ? true : false,
];
