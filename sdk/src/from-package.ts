// Parts of this package that its start leaves out, for callers who cannot wait for an import().
//
//   P1. They are loaded as `require` loads a module, by the name of this package. Node then gives the very modules that an
//       `import` has given, or will give.
//   P2. A bundler cannot follow that: a program bundled with the SDK in it has them only where the package lies beside it, or
//       where it imports them itself.

/** Throws what `require` throws where there is no such part. */
export function fromPackage(part: "description" | "local"): unknown {
  const { createRequire } = process.getBuiltinModule("node:module");
  return createRequire(import.meta.url)(`@stint/sdk/${part}`);
}
