// The helm that our test cluster has (test/cluster/kubectl.ts), on this repository's chart.
import { delimiter, join } from "node:path";

import { parseAllDocuments } from "yaml";

import { root } from "../../architecture/sources.ts";
import { needKubectl } from "../../cluster/kubectl.ts";
import { run, type Ran } from "../../shell.ts";

/** The folder of the chart. */
export const chart = join(root, "helm");

/** Runs helm to its end; a failure is a code. */
export async function helm(...args: readonly string[]): Promise<Ran> {
  const path = [await needKubectl(), process.env["PATH"]].join(delimiter);
  return run("helm", args, { ...process.env, PATH: path });
}

/** What the chart makes of these values, which are as in a file of values. Throws helm's own words where it refuses them. */
export async function render(values: object = {}): Promise<string> {
  const given = Object.entries(values).flatMap(([name, value]) => ["--set-json", `${name}=${JSON.stringify(value)}`]);
  const { code, output } = await helm("template", "stint", chart, "--namespace", "stint-system", ...given);
  if (code !== 0) throw new Error(output);
  return output;
}

/** An object that the chart makes. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The same as objects of one kind. */
export async function rendered<T extends Manifest>(kind: T["kind"], values: object = {}): Promise<T[]> {
  return parseAllDocuments(await render(values))
    .map((document) => document.toJS() as T | null)
    .filter((object) => object?.kind === kind)
    .filter((object) => object !== null);
}
