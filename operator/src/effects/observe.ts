// Gathers what a look may need, from the caches alone: a look costs no request.
import { ConditionType, EndReason, LiveReason } from "@stint/crds/conditions";
import { parseTaskReference, type TaskReference } from "@stint/crds/labels";
import type { ManifestTask, RevisionData } from "@stint/crds/manifest";
import { isRerunDue } from "@stint/crds/rerun";
import type { TaskSettings } from "@stint/crds/settings";
import type { TaskBundle } from "@stint/crds/taskbundle";

import { deadlineOf, isFinished, isRoot } from "../core/look.ts";
import { askedRevision, isCanceledFromAbove } from "../core/rerun.ts";
import { conditionOf } from "../core/status.ts";
import type {
  NodeState,
  ObservedBundle,
  ObservedInstanceType,
  ObservedRun,
  OwnedPod,
  PodSettings,
  RunStub,
  World,
} from "../core/world.ts";
import { indexNames, type Cache, type Caches } from "./caches.ts";
import { handOverIn, replacementOf, subtasksOf } from "./observe-hand-over.ts";
import { dependentsFinished, upstreamsOf, waitsForItself } from "./observe-upstreams.ts";
import { highestTree, parentRun, rootAbove } from "./relatives.ts";
import type { ControllerRevision, Node } from "./resources.ts";

/** What is the same for every run, but may change while the operator runs. */
export interface Surroundings {
  readonly taskDefaults: TaskSettings;
  podSettings(): PodSettings;
  gatewayReadySince(): Date | undefined;
}

/** What only this look knows. */
export interface Extra extends Partial<
  Pick<World, "report" | "progress" | "refusal" | "mountFailure" | "input" | "inputFault">
> {
  /** The run's pods as they were read past the cache. */
  readonly pods?: readonly OwnedPod[];
  /** The live attempt's pod as the cache held it before that, if it is not among them any more. */
  readonly gonePod?: OwnedPod;
}

interface Observation {
  readonly pods: readonly OwnedPod[];
  readonly world: World;
}

export type Observer = (run: ObservedRun, extra?: Extra) => Observation;

export function createObserver(caches: Caches, surroundings: Surroundings): Observer {
  return (run, { pods: read, gonePod: missed, ...extra } = {}) => {
    const pods = read ?? caches.pods.by(indexNames.owner, run.metadata.uid);
    const gonePod = caches.gonePods.get(run.metadata.uid) ?? missed; // the first is what went, the second what was held
    const bundle = bundleOf(run, caches.bundles);
    const revision = revisionOf(run, bundle, caches.revisions);
    const parent = parentOf(run, caches.runs);
    const gatewayReadySince = surroundings.gatewayReadySince();
    const world: World = {
      ...(bundle && { bundle }),
      ...(revision && { revision }),
      ...(gonePod && { gonePod }),
      ...(parent && { parent }),
      ...(gatewayReadySince && { gatewayReadySince }),
      instanceTypes: instanceTypesIn(caches),
      nodes: nodesOf(gonePod ? [...pods, gonePod] : pods, caches.nodes),
      ...othersOf(run, caches.runs),
      taskDefaults: surroundings.taskDefaults,
      podSettings: surroundings.podSettings(),
      ...extra,
    };
    return { pods, world };
  };
}

/** The runs that have to do with this one, but for its parent. */
function othersOf(run: ObservedRun, runs: Cache<ObservedRun>): OtherRuns {
  const upstreams = upstreamsOf(run, runs);
  const handOver = handOverIn(run, runs);
  const subtasks = subtasksOf(run, runs);
  const replacedBy = replacementOf(run, runs);
  return {
    rootFinished: rootFinished(run, runs),
    descendantsFinished: descendantsFinished(run, runs),
    descendants: descendantsOf(run, runs),
    dependentsFinished: dependentsFinished(run, runs),
    ...(handOver && { handOver }),
    ...(subtasks && { subtasks }),
    ...(replacedBy !== undefined && { replacedBy }),
    ...(upstreams && { upstreams, waitsForItself: waitsForItself(run, runs) }),
  };
}

type OtherRuns = Pick<
  World,
  | "rootFinished"
  | "descendantsFinished"
  | "descendants"
  | "dependentsFinished"
  | "handOver"
  | "subtasks"
  | "replacedBy"
  | "upstreams"
  | "waitsForItself"
>;

function toObservedBundle({ metadata, spec, status }: TaskBundle): ObservedBundle {
  return {
    metadata,
    spec,
    ...(status?.revision !== undefined && { readyRevision: status.revision }),
    ...(status?.registering && { registering: status.registering }),
  };
}

export function toNodeState({ metadata, spec, status }: Node): NodeState {
  return {
    name: metadata.name,
    ready: status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false,
    noExecuteTaints: (spec?.taints ?? []).filter(({ effect }) => effect === "NoExecute").map(({ key }) => key),
  };
}

export function revisionData(revision: ControllerRevision): RevisionData {
  return revision.data as RevisionData; // ours: written by apply-bundle.ts from this type, and immutable
}

/** What its children need to know of a run. */
function toRunStub(run: ObservedRun, above: RunStub | undefined): RunStub {
  const { name, uid, deletionTimestamp } = run.metadata;
  const deadlineAt = deadlineOf(run, { ...(above && { parent: above }) });
  const { rerunAt } = run.status ?? {};
  const suspendedBy = run.spec.suspend === true ? name : above?.suspendedBy;
  return {
    metadata: { name, uid, ...(deletionTimestamp !== undefined && { deletionTimestamp }) },
    ...cancelOf(run, above),
    ...(suspendedBy !== undefined && { suspendedBy }),
    finished: isFinished(run),
    ...(rerunAt !== undefined && { rerunAt: new Date(rerunAt) }),
    ...(deadlineAt && { deadlineAt }),
  };
}

/** A cancel from above goes on through a run: each descendant is to end, whatever became of those between (S165). */
function cancelOf(run: ObservedRun, above: RunStub | undefined): Pick<RunStub, "canceling" | "cancelEndedAt"> {
  const own = isCanceled(run);
  const inherited = isCanceledFromAbove(run, above);
  const { finishedAt } = run.status ?? {};
  const ends = [
    ...(own ? [finishedAt === undefined ? undefined : Date.parse(finishedAt)] : []),
    ...(inherited ? [above?.cancelEndedAt?.getTime()] : []),
  ];
  const ended = ends.filter((end) => end !== undefined);
  return {
    canceling: own || inherited,
    ...(ended.length > 0 && ended.length === ends.length && { cancelEndedAt: new Date(Math.max(...ended)) }),
  };
}

/** Canceled, or on its way there. A cancel stored on a run that had already ended otherwise has no effect (S167). */
function isCanceled(run: ObservedRun): boolean {
  const reason = conditionOf(run.status?.conditions, ConditionType.Succeeded)?.reason;
  if (isFinished(run)) return reason === EndReason.Canceled || reason === EndReason.ParentCanceled;
  return run.spec.cancel === true || reason === LiveReason.Canceling;
}

function bundleOf(run: ObservedRun, bundles: Cache<TaskBundle>): ObservedBundle | undefined {
  const name = parseTaskReference(run.spec.task)?.bundle;
  const bundle = name === undefined ? undefined : bundles.get(`${run.metadata.namespace}/${name}`);
  return bundle && toObservedBundle(bundle);
}

/** The pinned revision; before the pin the one asked for, or the newest Ready one (S172, S248, S249). */
function revisionOf(
  run: ObservedRun,
  bundle: ObservedBundle | undefined,
  revisions: Cache<ControllerRevision>,
): RevisionData | undefined {
  const { revision: pinned, bundleUid } = run.status ?? {};
  const number = pinned ?? askedRevision(run) ?? bundle?.readyRevision;
  return findRevision(bundleUid ?? bundle?.metadata.uid, number, revisions);
}

function findRevision(
  bundleUid: string | undefined,
  number: number | undefined,
  revisions: Cache<ControllerRevision>,
): RevisionData | undefined {
  if (number === undefined || bundleUid === undefined) return undefined;
  const found = revisions.by(indexNames.bundle, bundleUid).find(({ revision }) => revision === number);
  return found && revisionData(found);
}

/** The task as the revision has it that the reference chooses now (S248); `undefined` while there is none. */
export function registeredTask(
  { bundle: name, task, revision }: TaskReference,
  namespace: string,
  { bundles, revisions }: Pick<Caches, "bundles" | "revisions">,
): ManifestTask | undefined {
  const bundle = bundles.get(`${namespace}/${name}`);
  const found = findRevision(bundle?.metadata.uid, revision ?? bundle?.status?.revision, revisions);
  return found?.manifest.find((entry) => entry.name === task);
}

/** The parent, and through it all that stands above. Nobody checks owner references, so a circle of them is cut. */
function parentOf(run: ObservedRun, runs: Cache<ObservedRun>, levels = highestTree): RunStub | undefined {
  const parent = levels === 0 ? undefined : parentRun(run, runs);
  return parent && toRunStub(parent, parentOf(parent, runs, levels - 1));
}

function rootFinished(run: ObservedRun, runs: Cache<ObservedRun>): boolean {
  const root = rootAbove(run, runs);
  return root === undefined || isFinished(root);
}

function descendantsFinished(run: ObservedRun, runs: Cache<ObservedRun>, levels = highestTree): boolean {
  if (levels === 0) return true;
  return runs
    .by(indexNames.owner, run.metadata.uid)
    .every((child) => isFinished(child) && !isRerunDue(child) && descendantsFinished(child, runs, levels - 1));
}

function descendantsOf(run: ObservedRun, runs: Cache<ObservedRun>): readonly ObservedRun[] {
  const { uid } = run.metadata;
  return isRoot(run) ? runs.by(indexNames.root, uid).filter(({ metadata }) => metadata.uid !== uid) : [];
}

function instanceTypesIn({ instanceTypes }: Caches): ReadonlyMap<string, ObservedInstanceType> {
  return new Map(instanceTypes.list().map(({ metadata: { name }, spec }) => [name, { name, spec }]));
}

/** Only the nodes of the run's own pods: a cluster may have thousands. */
function nodesOf(pods: readonly OwnedPod[], nodes: Cache<Node>): ReadonlyMap<string, NodeState> {
  const names = new Set(pods.map(({ spec }) => spec.nodeName).filter((name) => name !== undefined));
  const known = [...names].map((name) => nodes.get(name)).filter((node) => node !== undefined);
  return new Map(known.map((node) => [node.metadata.name, toNodeState(node)]));
}
