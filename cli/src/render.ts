// Rows to text. Pure: the width comes as an argument, and what does not fit gives way in a fixed order.
//
//   R1. A row is a line, and no line is wider than the terminal.
//   R2. Columns that may give way do so, the widest first, down to what they need at least. If that is not enough the
//       lines are cut.
import { cut, oneLine, widthOf } from "./width.ts";

export interface Column {
  readonly title: string;
  /** How narrow it may become; a column without this keeps its width. */
  readonly least?: number;
  readonly align?: "left" | "right";
}

const gap = "  ";

/** A table with its titles, without a line end; cells may hold anything. `width` in columns of the terminal. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(oneLine))];
  const widths = fit(columns, cells, width);
  return cells
    .map((row) => line(columns, row, widths))
    .map((text) => cut(text, width))
    .join("\n");
}

function line(columns: readonly Column[], row: readonly string[], widths: readonly number[]): string {
  const cells = columns.map(({ align }, at) => {
    const text = cut(row[at] ?? "", widths[at] ?? 0);
    const blank = " ".repeat((widths[at] ?? 0) - widthOf(text));
    return align === "right" ? blank + text : text + blank;
  });
  return cells.join(gap).trimEnd();
}

/** R2. */
function fit(columns: readonly Column[], cells: readonly (readonly string[])[], width: number): number[] {
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => widthOf(row[at] ?? ""))));
  const spare = (at: number): number => (widths[at] ?? 0) - (columns[at]?.least ?? Infinity);
  let excess = widths.reduce((sum, each) => sum + each, gap.length * (columns.length - 1)) - width;
  for (; excess > 0; excess--) {
    const at = indexOfWidest(widths, (index) => spare(index) > 0);
    if (at === undefined) break;
    widths[at] = (widths[at] ?? 0) - 1;
  }
  return widths;
}

function indexOfWidest(widths: readonly number[], eligible: (index: number) => boolean): number | undefined {
  const candidates = [...widths.keys()].filter(eligible);
  return candidates.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
}

/** A name and what is known of it; `undefined` is left out. */
export type Fact = readonly [name: string, value: string | undefined];

/** Facts below each other, long ones broken between words and indented. */
export function facts(list: readonly Fact[], width: number): string {
  const known = list.flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value] as const]));
  const indent = Math.max(0, ...known.map(([name]) => widthOf(name))) + gap.length;
  const room = Math.max(width - indent, 1);
  return known
    .flatMap(([name, value]) =>
      wrap(oneLine(value), room).map((text, at) => (at === 0 ? name.padEnd(indent) : " ".repeat(indent)) + text),
    )
    .map((text) => cut(text, width))
    .join("\n");
}

/** The text in lines of at most `width` columns, broken between words where words are shorter than that. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let last = "";
  for (const word of text.split(" ")) {
    const longer = last === "" ? word : `${last} ${word}`;
    if (widthOf(longer) <= width) {
      last = longer;
      continue;
    }
    if (last !== "") lines.push(last);
    last = word;
  }
  return [...lines, last].flatMap((text) => chop(text, width));
}

/** A word without a space, an address say, in pieces. */
function chop(word: string, width: number): string[] {
  const pieces: string[] = [];
  let rest = word;
  while (widthOf(rest) > width) {
    const piece = rest.slice(0, Math.max(cut(rest, width + 1).length - 1, 1));
    pieces.push(piece);
    rest = rest.slice(piece.length);
  }
  return [...pieces, rest];
}
