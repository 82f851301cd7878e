/**
 * The one instance of this process, made by whichever copy of the SDK asks first.
 *
 * The runner brings a copy of the SDK and an image may bring another; both must see the same tasks and the same current
 * run. So these live on `globalThis`, under symbols that carry the version of their shape.
 */
export function shared<T extends object>(key: symbol, make: () => T): T {
  const existing: unknown = Reflect.get(globalThis, key);
  if (typeof existing === "object" && existing !== null) return existing as T; // the key names the shape
  const made = make();
  Object.defineProperty(globalThis, key, { value: made, configurable: true });
  return made;
}
