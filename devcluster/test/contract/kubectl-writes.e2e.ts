// The real kubectl, changing things. `npx vitest run --config devcluster/vitest.contract.config.ts` runs it.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { useCluster } from "./kit/cluster.ts";
import { kubectl, type KubectlOptions } from "./kit/kubectl.ts";
import { aConfigMap, aName, aPod, aWidget } from "./kit/objects.ts";

const cluster = useCluster();
const k = (args: string, options: KubectlOptions = {}): Promise<string> => kubectl(cluster, args.split(" "), options);
const json = (object: object): KubectlOptions => ({ stdin: JSON.stringify(object) });

async function created(object = aWidget()): Promise<string> {
  await k("create -f -", json(object));
  return object.metadata.name;
}

describe("kubectl apply", () => {
  test("creates, changes, leaves alone and takes away", async () => {
    const name = aName();
    const applied = (spec: object): Promise<string> => k("apply -f -", json(aWidget({ name, spec })));

    const said = [await applied({ label: "one" }), await applied({ size: 8 }), await applied({ size: 8 })];

    expect(said.map((line) => line.trim().split(" ")[1])).toEqual(["created", "configured", "unchanged"]);
    expect(await k(`get wdg ${name} -o jsonpath={.spec}`)).toBe('{"colour":"red","size":8}');
  });

  test("merges Kubernetes' own kinds by their keys", async () => {
    const name = aName();
    await k("apply -f -", json(aConfigMap({ name, data: { a: "1", b: "1" } })));
    await k(`label configmap ${name} by=hand`);

    await k("apply -f -", json(aConfigMap({ name, data: { a: "2" } })));

    expect(await k(`get configmap ${name} -o jsonpath={.data}{.metadata.labels}`)).toBe('{"a":"2"}{"by":"hand"}');
  });

  test("--server-side applies, and names who stands against it", async () => {
    const name = aName();
    await k("apply --server-side -f -", json(aWidget({ name, spec: { label: "one" } })));

    const other = k("apply --server-side --field-manager other -f -", json(aWidget({ name, spec: { label: "two" } })));

    await expect(other).rejects.toThrow('conflict with "kubectl": .spec.label');
    expect(
      await k(
        "apply --server-side --field-manager other --force-conflicts -f -",
        json(aWidget({ name, spec: { label: "two" } })),
      ),
    ).toBe(`widget.contract.example.dev/${name} serverside-applied\n`);
  });

  test("--server-side takes over what a client-side apply has set, and drops what it no longer says", async () => {
    const name = aName();
    await k("apply -f -", json(aWidget({ name, spec: { label: "one", size: 8 } })));

    await k("apply --server-side -f -", json(aWidget({ name, spec: { label: "two" } })));

    expect(await k(`get wdg ${name} -o jsonpath={.spec}`)).toBe('{"colour":"red","label":"two","size":7}');
  });

  test("--server-side does not take over what somebody has changed since", async () => {
    const name = aName();
    await k("apply -f -", json(aWidget({ name, spec: { label: "one" } })));
    await k(`patch wdg ${name} --type=merge --field-manager other -p {"spec":{"label":"mine"}}`);

    const applied = k("apply --server-side -f -", json(aWidget({ name, spec: { label: "two" } })));

    await expect(applied).rejects.toThrow('conflict with "other" using contract.example.dev/v1: .spec.label');
  });

  test("takes several objects at once, refuses one and does the others", async () => {
    const [good, bad, other] = [aName(), aName(), aName()];
    const items = [aWidget({ name: good }), aWidget({ name: bad, spec: { size: 0 } }), aConfigMap({ name: other })];

    const applied = k("apply -f -", json({ apiVersion: "v1", kind: "List", items }));

    await expect(applied).rejects.toThrow(`The Widget "${bad}" is invalid: spec.size: Invalid value: 0`);
    expect(await k(`get wdg ${good} -o name`)).toBe(`widget.contract.example.dev/${good}\n`);
    expect(await k(`get configmap ${other} -o name`)).toBe(`configmap/${other}\n`);
  });

  test("--dry-run=server and diff change nothing", async () => {
    const name = await created();

    const dry = await k("apply --dry-run=server -f -", json(aWidget({ name, spec: { size: 9 } })));
    const difference = await k("diff -f -", json(aWidget({ name, spec: { size: 9 } }))).catch((error: Error) => error);

    expect(dry).toContain("configured (server dry run)");
    expect(difference).toBeInstanceOf(Error); // diff exits 1 where there is one
    expect(await k(`get wdg ${name} -o jsonpath={.spec.size}`)).toBe("7");
  });
});

describe("kubectl create, edit, patch, label and delete", () => {
  test("create refuses unknown fields by their path", async () => {
    const stray = k("create -f -", json(aWidget({ name: "stray", spec: { foo: 1 } })));

    await expect(stray).rejects.toThrow('strict decoding error: unknown field "spec.foo"');
  });

  test("create makes ConfigMaps, Secrets, ServiceAccounts and tokens", async () => {
    const name = aName();

    await k(`create configmap ${name} --from-literal=a=1`);
    await k(`create secret generic ${name} --from-literal=a=1`);
    await k(`create serviceaccount ${name}`);

    expect(await k(`get configmap,secret,serviceaccount ${name} -o name`)).toBe(
      `configmap/${name}\nsecret/${name}\nserviceaccount/${name}\n`,
    );
    expect(await k(`create token ${name} --audience there`)).toMatch(/^ey/);
    const bound = k(`create token ${name} --bound-object-kind Pod --bound-object-name none`);
    await expect(bound).rejects.toThrow('pods "none" not found');
  });

  test("edit writes what the editor left", async () => {
    const name = await created();

    await k(`edit wdg ${name}`, { env: { KUBE_EDITOR: "sed -i s/size:.7/size:\\ 11/" } });

    expect(await k(`get wdg ${name} -o jsonpath={.spec.size}`)).toBe("11");
  });

  test("edit that changes nothing says so, and one that breaks a rule leaves the object as it was", async () => {
    const name = await created();

    await k(`edit wdg ${name}`, { env: { KUBE_EDITOR: "true" } });
    const broken = k(`edit wdg ${name}`, { env: { KUBE_EDITOR: "sed -i s/size:.7/size:\\ 0/" } });

    await expect(broken).rejects.toThrow(/is invalid\n[^]*Edit cancelled, no valid changes were saved/);
    expect(await k(`get wdg ${name} -o jsonpath={.spec.size}`)).toBe("7");
  });

  test("replace takes the whole object, and --force one that is made anew", async () => {
    const name = await created(aWidget({ spec: { label: "one" } }));
    const before = await k(`get wdg ${name} -o jsonpath={.metadata.uid}`);

    await k("replace -f -", json(aWidget({ name, spec: { size: 8 } })));
    const replaced = await k(`get wdg ${name} -o jsonpath={.metadata.uid}{.spec}`);
    await k("replace --force -f -", json(aWidget({ name })));

    expect(replaced).toBe(`${before}{"colour":"red","size":8}`);
    expect(await k(`get wdg ${name} -o jsonpath={.metadata.uid}`)).not.toBe(before);
  });

  test("label and annotate set, refuse to overwrite unasked, and take away", async () => {
    const name = await created(aWidget({ metadata: { labels: { of: "one" } } }));

    await expect(k(`label wdg ${name} of=two`)).rejects.toThrow("'of' already has a value (one)");
    await k(`label wdg ${name} of=two more= --overwrite`);
    await k(`annotate wdg ${name} said=so`);
    await k(`label wdg ${name} more-`);

    expect(await k(`get wdg ${name} -o jsonpath={.metadata.labels}{.metadata.annotations}`)).toBe(
      '{"of":"two"}{"said":"so"}',
    );
  });

  test("a strategic patch merges Kubernetes' own kinds, and is none for others", async () => {
    const name = aName();
    await k("create -f -", json(aPod({ name })));
    const other = await created();
    const change = '{"spec":{"containers":[{"name":"main","image":"example.invalid/none:2"}]}}';

    await k(`patch pod ${name} -p ${change}`);

    expect(await k(`get pod ${name} -o jsonpath={.spec.containers[*].image}`)).toBe("example.invalid/none:2");
    await expect(k(`patch wdg ${other} --type=strategic -p {"spec":{"size":8}}`)).rejects.toThrow(
      /strategic merge patch is not supported|cannot be handled|415|media type/,
    );
  });

  test("patch takes merge and JSON patches, the status too", async () => {
    const name = await created();

    await k(`patch wdg ${name} --type=merge -p {"spec":{"size":9}}`);
    await k(`patch wdg ${name} --type=json -p [{"op":"add","path":"/spec/label","value":"one"}]`);
    await k(`patch wdg ${name} --subresource=status --type=merge -p {"status":{"phase":"Done"}}`);

    expect(await k(`get wdg ${name} -o jsonpath={.spec.size},{.spec.label},{.status.phase}`)).toBe("9,one,Done");
  });

  test("delete takes what a selector finds, and a pod at once if it is forced", async () => {
    const [label, kept, pod] = [aName(), aName(), aName()];
    await created(aWidget({ metadata: { labels: { of: label } } }));
    await created(aWidget({ metadata: { labels: { of: label } } }));
    await created(aWidget({ name: kept }));
    await k("create -f -", json(aPod({ name: pod })));

    const said = await k(`delete wdg -l of=${label}`);
    await k(`delete pod ${pod} --grace-period=0 --force`);

    expect(said.trim().split("\n")).toHaveLength(2);
    expect(await k(`get wdg ${kept} -o name`)).toBe(`widget.contract.example.dev/${kept}\n`);
    await expect(k(`get pod ${pod}`)).rejects.toThrow(/NotFound/);
    await expect(k(`delete wdg none`)).rejects.toThrow(/NotFound/);
    expect(await k("delete wdg none --ignore-not-found")).toBe("");
  });

  test("delete --cascade says what becomes of dependents", async () => {
    const [orphan, gone] = [aName(), aName()];
    for (const dependent of [orphan, gone]) {
      const owner = await created();
      const uid = await k(`get wdg ${owner} -o jsonpath={.metadata.uid}`);
      const reference = { apiVersion: "contract.example.dev/v1", kind: "Widget", name: owner, uid };
      const ownerReferences = [{ ...reference, blockOwnerDeletion: true }];
      await k("create -f -", json(aConfigMap({ metadata: { name: dependent, ownerReferences } })));
      await k(`delete wdg ${owner} --cascade=${dependent === orphan ? "orphan" : "foreground"}`);
    }

    expect(await k(`get configmap ${orphan} -o jsonpath={.metadata.ownerReferences}`)).toBe("");
    await expect(k(`get configmap ${gone}`)).rejects.toThrow(/NotFound/);
  });

  test("delete waits until a finalizer lets go", async () => {
    const name = await created(aWidget({ metadata: { finalizers: ["example.dev/held"] } }));

    const waiting = k(`delete wdg ${name} --timeout=1s`);

    await expect(waiting).rejects.toThrow(/timed out waiting for the condition/);
    await k(`patch wdg ${name} --type=merge -p {"metadata":{"finalizers":null}}`);
    await expect(k(`get wdg ${name}`)).rejects.toThrow(/NotFound/);
  });
});

describe("our own definitions", () => {
  const folder = fileURLToPath(new URL("../../../crds/generated", import.meta.url));

  test("are taken as they are, and again as unchanged", async () => {
    const first = await k(`apply -f ${folder} --dry-run=server`);

    expect(first.trim().split("\n")).toHaveLength(readdirSync(folder).length);
    expect(first).not.toContain("error");
  });
});
