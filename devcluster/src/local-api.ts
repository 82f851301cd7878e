// oxlint-disable typescript/no-unnecessary-type-parameters -- the type argument is the caller's word for what a resource holds
import type { Api, DeleteOptions, Draft, KubeObject, ObjectRef, StoreEvent, TokenOptions } from "./api.ts";
import type { Objects } from "./objects.ts";
import { notFound } from "./refusal.ts";
import type { Registry } from "./registry.ts";
import type { Resource } from "./resource.ts";
import type { Store } from "./store.ts";
import type { Tokens } from "./tokens.ts";

interface LocalApiDeps {
  readonly store: Store;
  readonly registry: Registry;
  readonly objects: Objects;
  readonly tokens: Tokens;
}

/** The {@link Api} over the store of this process. */
export function localApi({ store, registry, objects, tokens }: LocalApiDeps): Api {
  const resourceOf = (id: string): Resource => {
    const resource = registry.byId(id);
    if (!resource) throw new Error(`no resource ${id}`);
    return resource;
  };
  const update = (id: string, object: Draft, part?: "status"): KubeObject => {
    const ref = refOf(object);
    return objects.update(resourceOf(id), ref, (current) => withIdentity(object, current), part ? { part } : {});
  };
  return {
    get: <T extends KubeObject>(id: string, ref: ObjectRef) => store.get(id, ref) as T | undefined, // the caller's word
    list: <T extends KubeObject>(id: string, namespace?: string) => store.list(id, namespace) as readonly T[], // the same
    watch: <T extends KubeObject>(id: string, listener: (event: StoreEvent<T>) => void) => {
      const tell = (event: StoreEvent): void => listener(event as StoreEvent<T>); // the same
      for (const object of store.list(id)) tell({ type: "ADDED", object });
      return store.log.subscribe(({ resource, type, object }) => {
        if (resource === id) tell({ type, object });
      });
    },
    create: <T extends KubeObject>(id: string, object: Draft) => objects.create(resourceOf(id), object) as T, // the same
    update: <T extends KubeObject>(id: string, object: Draft) => update(id, object) as T, // the same
    updateStatus: <T extends KubeObject>(id: string, object: Draft) => update(id, object, "status") as T, // the same
    delete: (id: string, ref: ObjectRef, options?: DeleteOptions) =>
      objects.delete(resourceOf(id), ref, options).object,
    createToken: async (account: ObjectRef, options: TokenOptions = {}) => {
      if (!store.get("serviceaccounts", account)) throw notFound(resourceOf("serviceaccounts"), account.name);
      return (await tokens.sign(account, options)).token;
    },
  };
}

function refOf({ metadata }: Draft): ObjectRef {
  const { namespace, name = "" } = metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

function withIdentity(object: Draft, { metadata }: KubeObject): Draft {
  return { ...object, metadata: { ...object.metadata, name: metadata.name } };
}
