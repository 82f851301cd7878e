// What a harness is made from, checked before anything begins.
import { findRegistry } from "@stint/crds/host";
import { InstanceTypeSpecSchema, type InstanceTypeSpec } from "@stint/crds/instancetype";
import { limits } from "@stint/crds/limits";
import { TaskSettingsSchema, type TaskSettings } from "@stint/crds/settings";
import type { Task } from "@stint/sdk";

import { HarnessError } from "./errors.ts";

/** Any task that `task()` has defined. */
export type AnyTask = Pick<Task<never, unknown>, "name" | "options">;

/** What `createHarness` takes. Only `tasks` has to be given. */
export interface HarnessOptions {
  /** The tasks under test and those that they call: together they are the bundle `tests`. */
  readonly tasks: readonly AnyTask[];
  /** Other bundles by their names, for what is called by `taskRef("media/resize")`. */
  readonly bundles?: Readonly<Record<string, readonly AnyTask[]>>;
  /** Instance types by their names, beside those of the Helm chart or in their place. */
  readonly instanceTypes?: Readonly<Record<string, InstanceTypeSpec>>;
  /** As `spec.defaults` of a TaskBundle: for tasks that do not set their own (S9). */
  readonly defaults?: TaskSettings;
  /** When the test begins: a Date or RFC 3339; the present, in whole seconds, if absent. */
  readonly now?: Date | string;
  /** Of everything that is drawn: uids, and with them jitter; backoffs of the operator. 0 if absent. */
  readonly seed?: number | string;
}

/** {@link HarnessOptions}, checked and complete. */
export interface HarnessSettings {
  /** Names of tasks by the name of their bundle. */
  readonly bundles: ReadonlyMap<string, ReadonlySet<string>>;
  readonly instanceTypes: ReadonlyMap<string, InstanceTypeSpec>;
  readonly defaults: TaskSettings;
  readonly now: Date;
  readonly seed: string;
}

/** The bundle of {@link HarnessOptions.tasks}. */
export const ownBundle = "tests";

/** What the Helm chart brings (S54). */
const chartInstanceTypes: Readonly<Record<string, InstanceTypeSpec>> = {
  starter: { resources: { cpu: "500m", memory: "512Mi" } },
  standard: { resources: { cpu: "1", memory: "2Gi" } },
  pro: { resources: { cpu: "2", memory: "4Gi" } },
  "pro-plus": { resources: { cpu: "4", memory: "8Gi" } },
  "pro-max": { resources: { cpu: "8", memory: "16Gi" } },
  "pro-ultra": { resources: { cpu: "16", memory: "32Gi" } },
};

/** Rejects with a {@link HarnessError} for what is missing or wrong. */
export async function toSettings({
  tasks,
  bundles = {},
  instanceTypes = {},
  ...rest
}: HarnessOptions): Promise<HarnessSettings> {
  if (!Array.isArray(tasks) || tasks.length === 0) {
    throw new HarnessError(
      "A harness needs tasks. Give it those that the test runs: createHarness({ tasks: [square] }).",
    );
  }
  const defined = new Set((await findRegistry()?.manifest())?.map(({ name }) => name));
  const all = Object.entries({ ...bundles, [ownBundle]: [...(bundles[ownBundle] ?? []), ...tasks] });
  return {
    bundles: new Map(all.map(([name, list]) => [bundleName(name), namesOf(name, list, defined)])),
    instanceTypes: new Map(Object.entries({ ...chartInstanceTypes, ...instanceTypes }).map(checkedType)),
    defaults: checkedDefaults(rest.defaults ?? {}),
    now: instantOf(rest.now ?? new Date(Math.floor(Date.now() / 1000) * 1000)),
    seed: String(rest.seed ?? 0),
  };
}

function bundleName(name: string): string {
  if (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) && name.length <= limits.bundleNameLength) return name;
  throw new HarnessError(
    `"${name}" is no name of a bundle. Use at most ${limits.bundleNameLength} of a-z, 0-9, "-" and ".", as in Kubernetes.`,
  );
}

function namesOf(bundle: string, tasks: readonly AnyTask[], defined: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(
    tasks.map((task: unknown, index) => {
      const name: unknown = typeof task === "function" && "options" in task ? task.name : undefined;
      if (typeof name === "string" && defined.has(name)) return name;
      const place = bundle === ownBundle ? `tasks[${index}]` : `bundles.${bundle}[${index}]`;
      throw new HarnessError(
        `${place} is no task of this process. Define it with task() of @stint/sdk, and give what that returns.`,
      );
    }),
  );
}

function checkedType([name, spec]: readonly [string, unknown]): readonly [string, InstanceTypeSpec] {
  const parsed = InstanceTypeSpecSchema.safeParse(spec);
  if (parsed.success) return [name, parsed.data];
  throw new HarnessError(
    `Instance type "${name}" is not allowed: ${inWords(parsed.error.issues)}. Write it as in an InstanceType: { resources: { cpu: "1", memory: "2Gi" } }.`,
  );
}

function checkedDefaults(defaults: unknown): TaskSettings {
  const parsed = TaskSettingsSchema.strict().safeParse(defaults);
  if (parsed.success) return parsed.data;
  throw new HarnessError(
    `The defaults are not allowed: ${inWords(parsed.error.issues)}. Write them as spec.defaults of a TaskBundle: { timeoutSeconds: 600 }.`,
  );
}

function inWords(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string {
  return issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": ")).join("; ");
}

function instantOf(now: Date | string): Date {
  const instant = new Date(now);
  if (!Number.isNaN(instant.getTime())) return instant;
  throw new HarnessError(`"${String(now)}" is no instant. Give now as a Date or in RFC 3339: "2026-01-01T00:00:00Z".`);
}
