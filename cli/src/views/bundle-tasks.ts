// What bundles offer.
import type { TaskBundle } from "@stint/crds/taskbundle";

import { table, type Column } from "../render.ts";

const columns: readonly Column[] = [
  { title: "TASK", least: 16 },
  { title: "KIND" },
  { title: "REVISION", align: "right" },
  { title: "DESCRIPTION", least: 12 },
];

/** One line for each task of the newest Ready revisions. */
export function bundleTasks(bundles: readonly TaskBundle[], width: number): string {
  const rows = bundles.flatMap(({ metadata, status = {} }) =>
    (status.tasks ?? []).map(({ name, kind, description = "" }) => [
      `${metadata.name}/${name}`,
      kind,
      String(status.revision ?? ""),
      description,
    ]),
  );
  return table(columns, rows, width);
}
