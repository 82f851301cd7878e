// Deliberate breakages of devcluster, each of which a file of its contract has to notice. A contract that stays green over a
// broken API server says nothing about a whole one.

export interface Mutation {
  /** What the API server then does wrong. */
  readonly says: string;
  /** Below devcluster/src. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The contract that has to notice: devcluster/test/contract/<name>.test.ts. */
  readonly contract: string;
}

export const mutations: readonly Mutation[] = [
  {
    says: "a replace with an old resourceVersion is taken",
    file: "objects.ts",
    find: "if (resourceVersion && resourceVersion !== ours.resourceVersion) throw conflict(resource, ours.name);",
    replace: "",
    contract: "objects",
  },
  {
    says: "a write of the status writes the spec too",
    file: "objects.ts",
    find: `            ...before,
            status: draft["status"],`,
    replace: `            ...before,
            ...draft,`,
    contract: "objects",
  },
  {
    says: "the generation grows with every write",
    file: "objects.ts",
    find: "if (isDeepStrictEqual(wish(next), wish(before))) return next;",
    replace: "",
    contract: "objects",
  },
  {
    says: "a write that changes nothing makes a new version",
    file: "objects.ts",
    find: "before.metadata.managedFields)) return before; // O4",
    replace: "before.metadata.managedFields)) void before;",
    contract: "objects",
  },
  {
    says: "a dry run is kept",
    file: "objects.ts",
    find: "if (dryRun) return object;",
    replace: "",
    contract: "objects",
  },
  {
    says: "a delete does not look at the uid that it was told",
    file: "objects.ts",
    find: "if (uid !== undefined && uid !== metadata.uid) {",
    replace: "if (uid === metadata.name) {",
    contract: "deletion",
  },
  {
    says: "a finalizer holds nothing",
    file: "objects.ts",
    find: "if (finalizers.length > 0 || grace > 0 || isHeld?.(before) === true) {",
    replace: "if (grace > 0 || isHeld?.(before) === true) {",
    contract: "deletion",
  },
  {
    says: "garbage collection knows an owner by its name and not by its uid",
    file: "garbage.ts",
    find: "if (owners.some(({ uid }) => this.#uids.has(uid))) return;",
    replace:
      "if (owners.some(({ name }) => this.#store.snapshot().objects.some(([, one]) => one.metadata.name === name))) return;",
    contract: "deletion",
  },
  {
    says: "an owner deleted with Foreground does not wait for its dependents",
    file: "garbage.ts",
    find: "if (blocking.length === 0) this.#dropFinalizer",
    replace: "this.#dropFinalizer",
    contract: "deletion",
  },
  {
    says: "a watch from a version misses what came before it was opened",
    file: "watch.ts",
    find: "past.forEach(tell);",
    replace: "",
    contract: "watches",
  },
  {
    says: "a watch from a forgotten version begins with a hole",
    file: "log.ts",
    find: "if (version < this.#forgotten) return undefined;",
    replace: "",
    contract: "watches",
  },
  {
    says: "an object that leaves the selection of a watch leaves it without a word",
    file: "watch.ts",
    find: "if (!wasIn) return undefined;",
    replace: `if (!wasIn || type !== "DELETED") return undefined;`,
    contract: "watches",
  },
  {
    says: "a later page of a list leaves out its first object",
    file: "pages.ts",
    find: "items: items.slice(from, end),",
    replace: "items: items.slice(from + Math.sign(from), end),",
    contract: "lists",
  },
  {
    says: "a selector with notin leaves out what lacks the label",
    file: "selectors.ts",
    find: "labels[setKey] === undefined || !values.includes(labels[setKey])",
    replace: "labels[setKey] !== undefined && !values.includes(labels[setKey])",
    contract: "lists",
  },
  {
    says: "a null in a merge patch is kept",
    file: "patch.ts",
    find: "if (value === null) delete merged[name];",
    replace: "if (value === null) merged[name] = null;",
    contract: "patches",
  },
  {
    says: "server-side apply takes over what another manager owns",
    file: "apply.ts",
    find: "if (refused.length > 0) throw conflictOf(refused);",
    replace: "",
    contract: "patches",
  },
  {
    says: "server-side apply leaves what its manager no longer wants",
    file: "apply.ts",
    find: "(path) => !wanted.has(path) && !left.some(({ paths }) => paths.has(path)),",
    replace: "(path) => path === by.name,",
    contract: "patches",
  },
  {
    says: "a strategic merge patch replaces a pod's containers",
    file: "strategic.ts",
    find: `containers: "name",
  initContainers`,
    replace: "initContainers",
    contract: "patches",
  },
  {
    says: "nulls go even where a field may be null",
    file: "schema.ts",
    find: "return member === null && schema !== undefined && !schema.nullable;",
    replace: "return member === null && schema !== undefined;",
    contract: "schema",
  },
  {
    says: "unknown fields are kept",
    file: "schema.ts",
    find: `unknown.push(joined(path, name));
    return [];`,
    replace: "return [[name, member]];",
    contract: "schema",
  },
  {
    says: "rules about a change speak of no change",
    file: "rules.ts",
    find: `const scope = { self: celValue(value, schema), ...(old !== undefined && { oldSelf: celValue(old, schema) }) };`,
    replace: "const scope = { self: celValue(value, schema), oldSelf: celValue(value, schema) };",
    contract: "schema",
  },
  {
    says: "a bound of a number excludes the bound itself",
    file: "validate.ts",
    find: "if (exclusiveMinimum ? value <= minimum : value < minimum) {",
    replace: "if (value <= minimum) {",
    contract: "schema",
  },
  {
    says: "a token outlives the pod to which it is bound",
    file: "tokens.ts",
    find: `|| !isAlive("pods", "pod")) return undefined;`,
    replace: ") return undefined;",
    contract: "tokens",
  },
  {
    says: "a token for another audience opens the API server",
    file: "tokens.ts",
    find: "audience: [...audiences],",
    replace: "",
    contract: "tokens",
  },
  {
    says: "an eviction does not say in the pod that it was one",
    file: "eviction.ts",
    find: `markDisrupted(api, clock, pod, "EvictionByEvictionAPI");`,
    replace: "",
    contract: "pods",
  },
];
