// The longest functions and files: the tail is the style.
import { Visitor } from "oxc-parser";

import { parse, sources, type Source } from "./sources.ts";

/** The `count` longest functions and the `count` longest files, a line each. */
export function largest(count: number): string[] {
  const all = sources();
  const files = all.map(({ path, text }) => ({ lines: text.split("\n").length - 1, name: path }));
  const functions = all.flatMap(functionsIn);
  return [functions, files].flatMap((list) =>
    list
      .sort((a, b) => b.lines - a.lines)
      .slice(0, count)
      .map(({ lines, name }) => `${String(lines).padStart(4)} lines  ${name}`),
  );
}

function functionsIn(source: Source): { lines: number; name: string }[] {
  const found: { lines: number; name: string }[] = [];
  const measure = (node: { readonly start: number; readonly end: number }, name = "(anonymous)"): void => {
    const lines = source.text.slice(node.start, node.end).split("\n").length;
    found.push({ lines, name: `${source.path} ${name}` });
  };
  new Visitor({
    FunctionDeclaration: (node) => measure(node, node.id?.name),
    ArrowFunctionExpression: (node) => measure(node),
    MethodDefinition: (node) => measure(node.value, source.text.slice(node.key.start, node.key.end)),
  }).visit(parse(source).program);
  return found;
}
