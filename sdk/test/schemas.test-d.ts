// What a zod type says of a task's arguments and result, tested by the compiler (S39, S51).
import * as z from "zod";

import { task, type Task } from "../src/index.ts";

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it is compared, never used
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function expectType<Expected>(): <Actual>(value: Actual, same: Equal<Actual, Expected>) => void {
  return () => undefined;
}

const Size = z.object({ url: z.url(), width: z.int().default(640) });

const resize = task("resize", { inputSchema: Size }, (size) => size);
const members = task("members", { inputSchema: Size, tags: ["a"] }, ({ url, width }) => [url, width] as const);
const dated = task({ inputSchema: z.tuple([z.string(), z.coerce.date()]) }, async function dated(text, at) {
  return `${text} ${at.getTime()}`;
});
const sums = task("sums", { inputSchema: z.array(z.number()) }, (...all) => Math.max(...all));
const parsed = task("parsed", { resultSchema: z.string().transform(Number) }, async (text: string) => text);
const both = task(
  "both",
  { inputSchema: z.object({ n: z.number() }), resultSchema: z.object({ n: z.number().transform(String) }) },
  ({ n }) => ({ n }),
);
const plain = task("plain", { inputSchema: { type: "object" }, resultSchema: {} }, (size: { width: number }) => size);

export async function calls(): Promise<void> {
  expectType<{ url: string; width: number }>()(await resize({ url: "u" }), true);
  expectType<readonly [string, number]>()(await members({ url: "u", width: 3 }), true);
  expectType<string>()(await dated("a", "2026-01-01"), true);
  expectType<number>()(await sums(1, 2, 3), true);
  expectType<number>()(await parsed("3"), true);
  expectType<{ n: string }>()(await both({ n: 3 }), true);
  expectType<{ width: number }>()(await plain({ width: 3 }), true);
  expectType<Task<[text: string], Promise<number>>>()(parsed, true);

  await resize.trigger({ url: "u" });
  await resize.trigger([{ url: "u" }]);

  // @ts-expect-error -- a text for a number
  void resize({ url: "u", width: "3" });
  // @ts-expect-error -- url is missing
  void resize({});
  // @ts-expect-error -- nothing is given
  void resize();
  // @ts-expect-error -- url is missing
  await resize.trigger({ width: 3 });
  // @ts-expect-error -- one argument too many
  void dated("a", 3, 4);
  // @ts-expect-error -- a text for a number
  void sums("1");
}

export function locals(): void {
  expectType<{ url: string; width: number }>()(resize.local({ url: "u" }), true);
  expectType<Promise<string>>()(dated.local("a", 3), true);
}

export function definitions(): void {
  // @ts-expect-error -- the function takes what the type does not give
  task("no", { inputSchema: z.object({ n: z.number() }) }, ({ n }: { n: string }) => n);
  // @ts-expect-error -- the function gives what the type does not take
  task("no", { resultSchema: z.string() }, () => 3);
  // @ts-expect-error -- the same with both
  task("no", { inputSchema: z.object({}), resultSchema: z.string() }, () => 3);
  // @ts-expect-error -- an unknown option beside a type
  task("no", { inputSchema: z.object({}), timeout: 3 }, () => 3);
}
