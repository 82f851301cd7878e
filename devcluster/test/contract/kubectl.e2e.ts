// The real kubectl, doing what people do. Not part of `make test`, which has to pass where there is no kubectl:
// `vitest run --config devcluster/vitest.contract.config.ts` runs it beside the other contract tests.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { useCluster } from "./kit/cluster.ts";
import { kubectl, kubectlLines, type KubectlOptions } from "./kit/kubectl.ts";
import { aConfigMap, aName, aPod, aWidget } from "./kit/objects.ts";

const cluster = useCluster();
const k = (args: string, options: KubectlOptions = {}): Promise<string> => kubectl(cluster, args.split(" "), options);
const json = (object: object): KubectlOptions => ({ stdin: JSON.stringify(object) });

async function created(object = aWidget()): Promise<string> {
  await k("create -f -", json(object));
  return object.metadata.name;
}

describe("kubectl get", () => {
  test("prints a definition's columns, more of them with -o wide", async () => {
    const name = await created();

    const short = (await k(`get wdg ${name}`)).split("\n");
    const wide = (await k(`get widgets.contract.example.dev ${name} -o wide`)).split("\n");

    expect(short[0]).toMatch(/^NAME\s+COLOUR\s+READY\s+AGE$/);
    expect(short[1]).toMatch(new RegExp(`^${name}\\s+red\\s+\\d+s$`));
    expect(wide[0]).toMatch(/^NAME\s+COLOUR\s+READY\s+SIZE\s+AGE$/);
    expect(wide[1]).toMatch(new RegExp(`^${name}\\s+red\\s+7\\s+\\d+s$`));
  });

  test("finds by label, by field, by category, and prints names, YAML and paths", async () => {
    const [name, label] = [aName(), aName()];
    await created(aWidget({ name, spec: { colour: "green" }, metadata: { labels: { of: label } } }));

    expect(await k(`get wdg -l of=${label} -o name`)).toBe(`widget.contract.example.dev/${name}\n`);
    expect(
      await k(`get wdg --field-selector spec.colour=green,metadata.name=${name} -o jsonpath={.items[*].spec.size}`),
    ).toBe("7");
    expect(await k(`get contract -l of=${label} -o name`)).toBe(`widget.contract.example.dev/${name}\n`);
    expect(await k(`get wdg ${name} -o yaml`)).toContain("\nspec:\n  colour: green\n  size: 7\n");
  });

  test("-w prints every change", async () => {
    const name = await created();
    const seen: string[] = [];

    for await (const line of kubectlLines(cluster, ["get", "wdg", name, "-w", "--no-headers", "-o", "wide"])) {
      seen.push(line.split(/\s+/)[2] ?? "");
      if (seen.length === 1) await cluster.client.merge(`${cluster.widgets}/${name}`, { spec: { size: 8 } });
      if (seen.length === 2) break;
    }

    expect(seen).toEqual(["7", "8"]);
  });

  test("of what is not there says so as ever", async () => {
    await expect(k("get wdg none")).rejects.toThrow(
      'Error from server (NotFound): widgets.contract.example.dev "none" not found',
    );
  });
});

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
  });

  test("edit writes what the editor left", async () => {
    const name = await created();

    await k(`edit wdg ${name}`, { env: { KUBE_EDITOR: "sed -i s/size:.7/size:\\ 11/" } });

    expect(await k(`get wdg ${name} -o jsonpath={.spec.size}`)).toBe("11");
  });

  test("patch takes merge and JSON patches, the status too", async () => {
    const name = await created();

    await k(`patch wdg ${name} --type=merge -p {"spec":{"size":9}}`);
    await k(`patch wdg ${name} --type=json -p [{"op":"add","path":"/spec/label","value":"one"}]`);
    await k(`patch wdg ${name} --subresource=status --type=merge -p {"status":{"phase":"Done"}}`);

    expect(await k(`get wdg ${name} -o jsonpath={.spec.size},{.spec.label},{.status.phase}`)).toBe("9,one,Done");
  });

  test("delete waits until a finalizer lets go", async () => {
    const name = await created(aWidget({ metadata: { finalizers: ["example.dev/held"] } }));

    const waiting = k(`delete wdg ${name} --timeout=1s`);

    await expect(waiting).rejects.toThrow(/timed out waiting for the condition/);
    await k(`patch wdg ${name} --type=merge -p {"metadata":{"finalizers":null}}`);
    await expect(k(`get wdg ${name}`)).rejects.toThrow(/NotFound/);
  });
});

describe("kubectl wait, describe, logs, explain and api-resources", () => {
  test("wait sees a condition, a field and a deletion come", async () => {
    const name = await created();
    const change = { status: { phase: "Done", conditions: [{ type: "Ready", status: "True" }] } };

    const waits = ["condition=Ready", "jsonpath={.status.phase}=Done"].map((what) =>
      k(`wait --for=${what} wdg/${name} --timeout=20s`),
    );
    await cluster.client.merge(`${cluster.widgets}/${name}/status`, change);
    const met = await Promise.all(waits);
    const gone = k(`wait --for=delete wdg/${name} --timeout=20s`);
    await cluster.client.delete(`${cluster.widgets}/${name}`);

    expect(met).toEqual([
      `widget.contract.example.dev/${name} condition met\n`,
      `widget.contract.example.dev/${name} condition met\n`,
    ]);
    await gone;
  });

  test("describe shows an object with its events", async () => {
    const name = await created();
    const { body } = await cluster.client.get(`${cluster.widgets}/${name}`);
    const { kind, apiVersion, metadata } = body;
    await cluster.client.post(cluster.core("events"), {
      metadata: { name: aName() },
      involvedObject: { kind, apiVersion, name, namespace: metadata.namespace, uid: metadata.uid },
      reason: "Tried",
      message: "it was tried",
      type: "Warning",
      source: { component: "contract" },
      firstTimestamp: metadata.creationTimestamp,
      lastTimestamp: metadata.creationTimestamp,
      count: 1,
    });

    const text = await k(`describe wdg ${name}`);

    expect(text).toMatch(/Spec:\n\s+Colour:\s+red/);
    expect(text).toMatch(/Warning\s+Tried\s+\d+s\s+contract\s+it was tried/);
    expect(await k(`get events --field-selector involvedObject.name=${name}`)).toMatch(
      /^LAST SEEN\s+TYPE\s+REASON\s+OBJECT\s+MESSAGE\n\d+s\s+Warning\s+Tried\s+widget\/w-\w+\s+it was tried/,
    );
  });

  test("describe and get show a pod that waits for a node; logs refuse an unknown container", async () => {
    const name = aName();
    await k("create -f -", json(aPod({ name })));

    expect(await k(`get pod ${name}`)).toMatch(
      new RegExp(`^NAME\\s+READY\\s+STATUS\\s+RESTARTS\\s+AGE\\n${name}\\s+0/1\\s+Pending\\s+0\\s+\\d+s\\n$`),
    );
    expect(await k(`describe pod ${name}`)).toMatch(/Status:\s+Pending/);
    await expect(k(`logs ${name} -c other`)).rejects.toThrow(/container other is not valid for pod/);
  });

  test("explain tells what a field means", async () => {
    const text = await k("explain wdg.spec.colour");

    expect(text).toMatch(/GROUP:\s+contract\.example\.dev\nKIND:\s+Widget\nVERSION:\s+v1/);
    expect(text).toContain("Its colour.");
  });

  test("api-resources lists a definition's kind", async () => {
    const text = await k("api-resources --api-group contract.example.dev");

    expect(text).toMatch(/widgets\s+wdg\s+contract\.example\.dev\/v1\s+true\s+Widget/);
  });

  test("auth can-i and version answer", async () => {
    expect(await k("auth can-i create pods")).toBe("yes\n");
    expect(await k("version")).toMatch(/Server Version: v1\.\d+/);
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
