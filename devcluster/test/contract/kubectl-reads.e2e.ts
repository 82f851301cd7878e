// The real kubectl, looking: what people see of objects, of their changes and of what the server knows.
import { describe, expect, test } from "vitest";

import { eventually, shellImage, useCluster } from "./kit/cluster.ts";
import { kubectl, kubectlLines, type KubectlOptions } from "./kit/kubectl.ts";
import { aConfigMap, aName, aPod, aWidget } from "./kit/objects.ts";

const cluster = useCluster({ withNodes: true });
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

    // Of a list: where one object is asked for, kubectl leaves out the first that its watch tells, though that be a change.
    const one = `--field-selector=metadata.name=${name}`;
    for await (const line of kubectlLines(cluster, ["get", "wdg", one, "-w", "--no-headers", "-o", "wide"])) {
      seen.push(line.split(/\s+/)[2] ?? "");
      if (seen.length === 1) await cluster.client.merge(`${cluster.widgets}/${name}`, { spec: { size: 8 } });
      if (seen.length === 2) break;
    }

    expect(seen).toEqual(["7", "8"]);
  });

  test("-w with a selector tells of what comes into it and of what leaves it", async () => {
    const [name, label] = [aName(), aName()];
    await created(aWidget({ name, metadata: { labels: { of: label } } }));
    const seen: string[] = [];

    const args = ["get", "wdg", "-l", `of=${label}`, "-w", "--output-watch-events", "--no-headers"];
    for await (const line of kubectlLines(cluster, args)) {
      seen.push(line.split(/\s+/, 2).join(" "));
      if (seen.length === 1) await k(`label wdg ${name} of=other --overwrite`);
      if (seen.length === 2) break;
    }

    expect(seen).toEqual([`ADDED ${name}`, `DELETED ${name}`]);
  });

  test("sorts, shows labels and prints columns of one's own, of several kinds and of all namespaces", async () => {
    const label = aName();
    const labels = { of: label };
    const [small, large] = [aName(), aName()];
    await created(aWidget({ name: large, spec: { size: 9 }, metadata: { labels } }));
    await created(aWidget({ name: small, spec: { size: 2 }, metadata: { labels } }));
    await k("create -f -", json(aConfigMap({ metadata: { name: small, labels } })));

    const selected = `-l of=${label} --no-headers`;
    expect(await k(`get wdg ${selected} --sort-by=.spec.size -o custom-columns=N:.metadata.name,S:.spec.size`)).toMatch(
      new RegExp(`^${small}\\s+2\n${large}\\s+9\n$`),
    );
    expect(await k(`get wdg ${small} --show-labels --no-headers`)).toMatch(new RegExp(`of=${label}\n$`));
    expect((await k(`get wdg,configmap ${selected} -o name`)).split("\n").toSorted().slice(1)).toEqual(
      [`configmap/${small}`, `widget.contract.example.dev/${small}`, `widget.contract.example.dev/${large}`].toSorted(),
    );
    expect(await k(`get wdg -A ${selected} -o jsonpath={.items[*].metadata.namespace}`)).toBe(
      `${cluster.namespace} ${cluster.namespace}`,
    );
  });

  test("--raw answers as the API does, and -o json as one may send it back", async () => {
    const name = await created();

    const raw = JSON.parse(await k(`get --raw ${cluster.widgets}/${name}`));
    await k("replace -f -", { stdin: await k(`get wdg ${name} -o json`) });

    expect(raw).toMatchObject({ kind: "Widget", metadata: { name } });
    expect(await k(`get wdg ${name} -o jsonpath={.metadata.resourceVersion}`)).toBe(raw.metadata.resourceVersion);
  });

  test("of what is not there says so as ever", async () => {
    await expect(k("get wdg none")).rejects.toThrow(
      'Error from server (NotFound): widgets.contract.example.dev "none" not found',
    );
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

  test("wait gives up with the words that scripts look for", async () => {
    const name = await created();

    await expect(k(`wait --for=condition=Ready wdg/${name} --timeout=1s`)).rejects.toThrow(
      `timed out waiting for the condition on widgets/${name}`,
    );
    await expect(k("wait --for=condition=Ready wdg/none --timeout=1s")).rejects.toThrow(/NotFound/);
  });

  test("events of one object are told by kubectl events", async () => {
    const name = await created();
    const { kind, apiVersion, metadata } = (await cluster.client.get(`${cluster.widgets}/${name}`)).body;
    await cluster.client.post(cluster.core("events"), {
      metadata: { name: aName() },
      involvedObject: { kind, apiVersion, name, namespace: metadata.namespace, uid: metadata.uid },
      reason: "Tried",
      message: "it was tried",
      type: "Normal",
      lastTimestamp: metadata.creationTimestamp,
    });

    expect(await k(`events --for widget.contract.example.dev/${name}`)).toMatch(
      new RegExp(`Normal\\s+Tried\\s+Widget/${name}\\s+it was tried`),
    );
  });

  test("explain tells what a field means", async () => {
    const text = await k("explain wdg.spec.colour");

    expect(text).toMatch(/GROUP:\s+contract\.example\.dev\nKIND:\s+Widget\nVERSION:\s+v1/);
    expect(text).toContain("Its colour.");
  });

  test("explain --recursive names every field below", async () => {
    const text = await k("explain wdg.spec --recursive");

    expect(text).toMatch(/FIELD: spec <Object>/);
    expect(text).toMatch(/colour\s+<string> -required-\n\s+enum: red, green/);
    expect(text).toMatch(/parts\s+<\[\]Object>\n\s+name\s+<string> -required-\n\s+weight\s+<integer>/);
  });

  test("api-resources lists a definition's kind", async () => {
    const text = await k("api-resources --api-group contract.example.dev");

    expect(text).toMatch(/widgets\s+wdg\s+contract\.example\.dev\/v1\s+true\s+Widget/);
    expect(await k("api-resources --categories contract -o name")).toBe("widgets.contract.example.dev\n");
    expect((await k("api-versions")).split("\n")).toEqual(
      expect.arrayContaining(["v1", "apiextensions.k8s.io/v1", "contract.example.dev/v1"]),
    );
  });

  test("auth can-i and version answer", async () => {
    expect(await k("auth can-i create pods")).toBe("yes\n");
    expect(await k("version")).toMatch(/Server Version: v1\.\d+/);
  });
});

describe("kubectl logs", () => {
  const runs = {
    nodeSelector: {},
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    containers: [
      { name: "main", image: shellImage, command: ["sh", "-c", "echo one; sleep 1; echo two; exit ${CODE:-0}"] },
    ],
  };

  test("-f goes on until the container ends; the end can be read again, with its time and its pod", async () => {
    const name = aName();
    await k("create -f -", json(aPod({ name, metadata: { labels: { app: name } }, spec: runs })));

    const followed = await eventually(
      () => k(`logs -f ${name}`).catch(() => ""), // until it has started
      (output) => output !== "",
    );
    await k(`wait --for=jsonpath={.status.phase}=Succeeded pod/${name} --timeout=60s`);

    expect(followed).toBe("one\ntwo\n");
    expect(await k(`logs ${name} --tail=1 --timestamps`)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z two\n$/);
    expect(await k(`logs -l app=${name} --prefix`)).toBe(`[pod/${name}/main] one\n[pod/${name}/main] two\n`);
    expect(await k(`get pod ${name} --no-headers`)).toMatch(new RegExp(`^${name}\\s+0/1\\s+Completed\\s+0`));
    expect(await k(`describe pod ${name}`)).toMatch(/Normal\s+Started\s+\S+( \(.*\))?\s+kubelet\s+/);
  });

  test("of a container that waits says for what", async () => {
    const name = aName();
    const containers = [{ ...runs.containers[0], image: "example.invalid/none:1" }];
    await k("create -f -", json(aPod({ name, spec: { ...runs, containers } })));
    await k(`wait --for=jsonpath={.status.containerStatuses[0].state.waiting.reason} pod/${name} --timeout=60s`);

    await expect(k(`logs ${name}`)).rejects.toThrow(
      /container "main" in pod "w-\w+" is waiting to start: (trying and failing to pull image|image can't be pulled|ContainerCreating)/,
    );
  });
});
