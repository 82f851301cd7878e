// How many columns a text takes in a terminal. What is shown was written by tasks and by strangers, so it is made harmless
// here as well: an escape sequence in an error's message would otherwise be obeyed.
import { stripVTControlCharacters } from "node:util";

const graphemes = new Intl.Segmenter();
const wide =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u{3000}-\u{303f}\u{ff01}-\u{ff60}]/u;
/** C0, DEL, C1, and the marks that turn the direction of writing. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;

/** The text with a space for whatever would move the cursor or colour the screen. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text).replaceAll(unprintable, " ");
}

/** The same as a cell or a line of its own. */
export function oneLine(text: string): string {
  return harmless(text).trim();
}

/** Columns of a text without line ends. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** The text if it fits into `width` columns, else as much of it as fits with `…` at its end. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let left = width - 1;
  for (const { segment } of graphemes.segment(text)) {
    left -= widthOf(segment);
    if (left < 0) break;
    kept += segment;
  }
  return width < 1 ? "" : `${kept}…`;
}
