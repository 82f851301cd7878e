// The part of kubectl's JSONPath that columns use: `.a.b`, `.a[0]`, `.a['b']`, `.a[*].b`, `.a[?(@.type=="Ready")].b`.
import { isList, isPlain, list } from "./json.ts";

type Step = (values: readonly unknown[]) => readonly unknown[];

const step =
  /\.((?:\\.|[^.[\]\\])+)|\['([^']*)'\]|\[(\d+)\]|\[(\*)\]|\[\?\(@\.([^=!<>\s]+)\s*(==|!=)\s*["']?([^"')]*)["']?\)\]/g;

/** All values that the path leads to. */
export function jsonPath(object: unknown, path: string): readonly unknown[] {
  return [...path.matchAll(step)].map(toStep).reduce<readonly unknown[]>((values, next) => next(values), [object]);
}

function toStep([, member, quoted, index, star, field, operator, wanted]: RegExpMatchArray): Step {
  if (index !== undefined)
    return (values) => values.flatMap((value) => list(value).slice(Number(index), Number(index) + 1));
  if (star !== undefined)
    return (values) => values.flatMap((value) => (isList(value) ? value : isPlain(value) ? Object.values(value) : []));
  if (field !== undefined) {
    const path = `.${field}`;
    const meets = (item: unknown): boolean => (String(jsonPath(item, path)[0]) === wanted) === (operator === "==");
    return (values) => values.flatMap((value) => list(value).filter(meets));
  }
  const name = quoted ?? (member ?? "").replaceAll(/\\(.)/g, "$1");
  return (values) => values.flatMap((value) => (isPlain(value) && name in value ? [value[name]] : []));
}
