// Instance types: finding one, whether a run may have it, and what its quantities amount to.
import { FinalReason } from "@stint/crds/conditions";
import { limits } from "@stint/crds/limits";
import type { Profile } from "@stint/crds/settings";
import type { Resources } from "@stint/crds/taskrun";

import type { ObservedInstanceType } from "./world.ts";

export type InstanceTypes = ReadonlyMap<string, ObservedInstanceType>;

export interface InstanceTypeProblem {
  readonly reason: FinalReason;
  readonly message: string;
}

/** The type of that name, in which an underscore reads as a hyphen (S56). */
export function findInstanceType(name: string, types: InstanceTypes): ObservedInstanceType | undefined {
  return types.get(name.replaceAll("_", "-"));
}

/** S57's text. */
export function unknownInstanceType(name: string, types: InstanceTypes): string {
  const known = [...types.keys()].sort();
  return `unknown instance type "${name}"; known: ${known.join(", ")}`;
}

/** Why a run of that namespace cannot have the type (S57, S58). */
export function instanceTypeProblem(
  name: string,
  namespace: string,
  types: InstanceTypes,
): InstanceTypeProblem | undefined {
  const type = findInstanceType(name, types);
  if (!type) return { reason: FinalReason.UnknownInstanceType, message: unknownInstanceType(name, types) };
  const { namespaces = [] } = type.spec;
  if (namespaces.length === 0 || namespaces.includes(namespace)) return undefined;
  const message = `instance type "${name}" is not allowed in namespace "${namespace}"`;
  return { reason: FinalReason.InstanceTypeForbidden, message };
}

/** What a type offers, in thousandths of a CPU and in bytes. */
interface Offer {
  readonly name: string;
  readonly cpu: number;
  readonly memory: number;
}

/**
 * The name of the smallest type that offers what the profile asks for, ordered by CPU, then memory, then name.
 *
 * Types with extended resources, and those that the namespace may not use, are not considered (S58, S61, S62).
 */
export function fittingType(profile: Profile, namespace: string, types: InstanceTypes): string | InstanceTypeProblem {
  const { cpu = limits.profileCpu.default, memoryMb = limits.profileMemoryMb.default } = profile;
  const offers = [...types.values()]
    .filter(({ name, spec }) => isPlain(spec.resources) && !instanceTypeProblem(name, namespace, types))
    .map(toOffer)
    .sort(bySize);
  const fit = offers.find((offer) => offer.cpu >= Math.round(cpu * 1000) && offer.memory >= memoryMb * bytesPerMb);
  if (fit) return fit.name;
  const message = `no instance type offers ${cpu} CPU and ${memoryMb} MB; ${largestOf(offers)}`;
  return { reason: FinalReason.NoInstanceTypeFits, message };
}

const bytesPerMb = 2 ** 20;

const plainResources: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);

function isPlain(resources: Resources): boolean {
  return Object.keys(resources).every((name) => plainResources.has(name));
}

function toOffer({ name, spec: { resources } }: ObservedInstanceType): Offer {
  const { cpu = "", memory = "" } = resources;
  return { name, cpu: cpuMillis(cpu) ?? 0, memory: memoryBytes(memory) ?? 0 };
}

function bySize(a: Offer, b: Offer): number {
  return a.cpu - b.cpu || a.memory - b.memory || (a.name < b.name ? -1 : 1);
}

function largestOf(offers: readonly Offer[]): string {
  const largest = offers.at(-1);
  if (!largest) return "there is none to choose from";
  const { name, cpu, memory } = largest;
  return `the largest is ${name} (${cpu / 1000} CPU, ${Math.floor(memory / bytesPerMb)} MB)`;
}

/** Why a run cannot step up from one known type to another after it ran out of memory (S65). */
export function stepUpProblem(to: string, from: string, types: InstanceTypes): InstanceTypeProblem | undefined {
  if (memoryOf(to, types) > memoryOf(from, types)) return undefined;
  const message = `retry.outOfMemory.instanceType "${to}" must offer more memory than "${from}"`;
  return { reason: FinalReason.InvalidSpec, message };
}

/**
 * The heap limit for node in MiB: 80 % of the memory limit, rounded down (S296).
 *
 * `undefined` if the memory is no quantity. Left alone, node stops at about half of a small container's memory.
 */
export function heapMiB({ memory }: Resources): number | undefined {
  const bytes = memory === undefined ? undefined : memoryBytes(memory);
  return bytes === undefined ? undefined : Math.floor((bytes * 0.8) / 2 ** 20);
}

/** Bytes of a Kubernetes quantity, rounded up as Kubernetes does; `undefined` for any other text. */
export function memoryBytes(quantity: string): number | undefined {
  return scaled(quantity, 1n);
}

/** Thousandths of a CPU, likewise. */
export function cpuMillis(quantity: string): number | undefined {
  return scaled(quantity, 1000n);
}

function memoryOf(name: string, types: InstanceTypes): number {
  return memoryBytes(findInstanceType(name, types)?.spec.resources["memory"] ?? "") ?? 0;
}

/** Factors of the suffixes, in billionths: the smallest that Kubernetes counts. */
const billionths: ReadonlyMap<string, bigint> = new Map([
  ["n", 1n],
  ["u", 10n ** 3n],
  ["m", 10n ** 6n],
  ["", 10n ** 9n],
  ...["k", "M", "G", "T", "P", "E"].map((suffix, i) => [suffix, 10n ** BigInt(9 + 3 * (i + 1))] as const),
  ...["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((suffix, i) => [suffix, 10n ** 9n * 2n ** BigInt(10 * (i + 1))] as const),
]);

const quantitySyntax =
  /^\+?(?<whole>\d*)(?:\.(?<fraction>\d*))?(?:[eE](?<exponent>[+-]?\d{1,2})|(?<suffix>[a-zA-Z]{0,2}))$/;

/** In whole numbers until the end: as a float, 1.1 CPU are 1101 thousandths once they are rounded up. */
function scaled(quantity: string, perUnit: bigint): number | undefined {
  const { whole = "", fraction = "", exponent = "0", suffix = "" } = quantitySyntax.exec(quantity)?.groups ?? {};
  const factor = billionths.get(suffix);
  if (factor === undefined || whole + fraction === "") return undefined;
  const power = Number(exponent) - fraction.length;
  const dividend = BigInt(whole + fraction) * factor * perUnit * 10n ** BigInt(Math.max(power, 0));
  const divisor = 10n ** BigInt(9 + Math.max(-power, 0));
  return Number((dividend + divisor - 1n) / divisor);
}
