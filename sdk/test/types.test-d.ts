// The types that flow from the function, tested by the compiler.
import {
  allowFailure,
  asCompleted,
  bundle,
  combine,
  currentContext,
  task,
  taskRef,
  unmapped,
  withContext,
  withTags,
  type HookEvent,
  type RunDetails,
  type RunHandle,
  type Submission,
  type Task,
  type TaskContext,
  type TaskInstance,
  type TaskInstanceList,
  type TaskRunError,
} from "../src/index.ts";

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it is compared, never used
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function expectType<Expected>(): <Actual>(value: Actual, same: Equal<Actual, Expected>) => void {
  return () => undefined;
}

const square = task("square", async (n: number) => n * n);
const area = task("area", { timeoutSeconds: 5 }, (w: number, h = 1) => w * h);
const bill = task("bill", ({ id }: { id: string }) => id);
const page = task("page", ({ size = 10 } = {}) => size);
const count = task("count", function* (to: number) {
  for (let n = 0; n < to; n++) yield n;
});
const stream = task("stream", async function* () {
  yield Promise.resolve("a");
});
const nothing = task("nothing", () => undefined);

export async function calls(): Promise<void> {
  expectType<TaskInstance<number>>()(square(3), true);
  expectType<number>()(await square(3), true);
  expectType<number>()(await area(3), true);
  expectType<number>()(await area(3, 4), true);
  expectType<string>()(await bill({ id: "b1" }), true);
  expectType<number>()(await page({ size: 5 }), true);
  expectType<number[]>()(await count(3), true);
  expectType<string[]>()(await stream(), true);
  expectType<Task<[n: number], Promise<number>>>()(square, true);
  expectType<Task<[n: number], Promise<number>>>()(square.with({ key: "a" }), true);

  // @ts-expect-error -- a text for a number
  void square("3");
  // @ts-expect-error -- one argument too many
  void square(3, 4);
}

export async function waits(instance: TaskInstance<number>): Promise<void> {
  expectType<number>()(await instance.result(), true);
  expectType<number | TaskRunError>()(await instance.result({ raiseOnFailure: false }), true);
  expectType<RunDetails<number>>()(await instance.details(), true);
  expectType<[number, string]>()(await Promise.all([square(3), bill({ id: "b1" })]), true);
  for await (const value of asCompleted([square(3), area(4)])) expectType<number>()(value, true);
}

export async function maps(): Promise<void> {
  const total = task("total", (numbers: number[], start = 0) => numbers.reduce((x, y) => x + y, start));

  expectType<TaskInstanceList<number>>()(square.map([1, 2]), true);
  expectType<number[]>()(await square.map([1, 2]), true);
  expectType<TaskInstance<number> | undefined>()(square.map([1, 2])[0], true);
  expectType<number[]>()(await area.map([1, 2], 5), true);
  expectType<number[]>()(await area.map(unmapped(3), [1, 2]), true);
  expectType<string[]>()(await bill.map([{ id: "b1" }]), true);
  expectType<number[]>()(await total.map([[1], [2]], unmapped(1)), true);
  expectType<number[]>()(await total.map(unmapped([1, 2]), [1, 2]), true);

  // @ts-expect-error -- texts for numbers
  void square.map(["1"]);
  // @ts-expect-error -- a list that is walked gives numbers, where lists are wanted
  void total.map([1, 2]);
}

export async function dependencies(): Promise<void> {
  const label = task("label", (value: number | TaskRunError, { list }: { list: string[] }) => `${value}${list.length}`);

  expectType<number>()(await square(square(3)), true);
  expectType<string>()(await label(allowFailure(square(3)), { list: ["a", bill({ id: "b1" })] }), true);
  expectType<string>()(await bill({ id: bill({ id: "b1" }) }), true);
  expectType<number[]>()(await square.map(square.map([1, 2])), true);
  await square.with({ waitFor: [square(3), allowFailure(bill({ id: "b1" }))] })(4);
  await square.with({ waitFor: square.map([1, 2]) })(4);

  // @ts-expect-error -- a text for a number
  void square(bill({ id: "b1" }));
  // @ts-expect-error -- a parameter that takes no TaskRunError
  void square(allowFailure(square(3)));
  // @ts-expect-error -- a value is no run
  void square.with({ waitFor: [3] });
}

export function submissions({ submit }: TaskContext): void {
  const first = submit(square, [3]);
  expectType<Submission>()(first, true);
  submit(area, [square(3)], { dependsOn: [first], optional: true, maxRetries: 2 });

  // @ts-expect-error -- a text for a number
  submit(square, ["3"]);
  // @ts-expect-error -- an instance is no submission
  submit(square, [3], { dependsOn: [square(3)] });
}

export async function triggers(): Promise<void> {
  expectType<RunHandle<number>>()(await square.trigger([4]), true);
  expectType<RunHandle<number>>()(await square.trigger({ n: 4 }, { name: "mine", startAt: new Date() }), true);
  await area.trigger([4]);
  await area.trigger([4, 5]);
  await area.trigger({ w: 4 });
  await bill.trigger({ id: "b1" });
  await bill.trigger([{ id: "b1" }]);
  await page.trigger();
  await nothing.trigger();
  await nothing.trigger([], { bundle: "demo" });

  // @ts-expect-error -- the input is required
  await square.trigger();
  // @ts-expect-error -- a text for a number
  await square.trigger(["4"]);
  // @ts-expect-error -- neither a list nor an object
  await square.trigger(4);
}

export async function references(): Promise<void> {
  const resize = taskRef<[url: string, width?: number], { bytes: number }>("media/resize");

  expectType<{ bytes: number }>()(await resize("u"), true);
  expectType<RunHandle<{ bytes: number }>>()(await resize.trigger(["u", 640]), true);
  expectType<RunHandle<unknown>>()(await taskRef("demo/square").trigger([4]), true);

  // @ts-expect-error -- there is no function to run here
  resize.local("u");
}

export function locals(): void {
  expectType<Promise<number>>()(square.local(3), true);
  expectType<number>()(area.local(3), true);
}

export async function groups(): Promise<void> {
  const app = bundle({ timeoutSeconds: 5, tags: ["a"] });
  const cube = app.task("cube", { runName: "cube of {n}" }, async (n: number) => n ** 3);
  const own = app.task(function named(n: number) {
    return [n];
  });

  expectType<Task<[n: number], Promise<number>>>()(cube, true);
  expectType<number[]>()(await own(3), true);
  expectType<readonly Task<never, unknown>[]>()(combine(app, bundle()).tasks, true);
  // @ts-expect-error -- a description is one task's
  bundle({ description: "x" });
  // @ts-expect-error -- a profile in words
  app.task("a", { resources: { cpu: "2" } }, () => 1);
}

export async function surroundings(): Promise<void> {
  expectType<RunHandle<number>>()(await withTags(["a"], () => square.trigger([4])), true);
  expectType<number>()(
    withContext({ attempt: 3, tags: ["x"], deadline: undefined }, () => currentContext().attempt),
    true,
  );
  // @ts-expect-error -- what a context works out by itself
  withContext({ remainingMs: () => 5 }, () => 1);
}

export function definitions(): void {
  task({ tags: ["a"] }, function named(n: number) {
    return n;
  });
  // @ts-expect-error -- an unknown option
  task("a", { timeout: 5 }, () => 1);
  // @ts-expect-error -- no function
  task("a", 5);
  // @ts-expect-error -- a parameter without a type
  task("a", (n) => [n]);
}

export async function streams(): Promise<void> {
  for await (const value of count(3)) expectType<number>()(value, true);
  for await (const value of stream()) expectType<string>()(value, true);
  for await (const value of square(3)) expectType<never>()(value, true);
}

export function callbacks(): void {
  const notify = task("notify", (event: HookEvent) => event.run);
  const plain = task("plain", () => undefined);
  task("a", { retryIf: (error, { attempt }) => error instanceof RangeError && attempt < 3 }, () => 1);
  task("b", { onFailure: [notify, plain, (name, run, { phase }) => console.log(name, run, phase)] }, () => 1);
  task("c", { onRunning: taskRef<[HookEvent], void>("mail/send") }, () => 1);
  // @ts-expect-error -- no boolean
  task("d", { retryIf: () => "yes" }, () => 1);
  // @ts-expect-error -- a task that takes something else
  task("e", { onCompletion: task("f", (n: number) => n) }, () => 1);
}
