// The small kinds of the core group: what each is filled up with, and what of it may not change.
import { isDeepStrictEqual } from "node:util";

import type { Draft, KubeObject } from "../api.ts";
import { at, isPlain, list, type Plain, plain, text } from "../json.ts";
import type { KindRules, Surroundings } from "../kind-rules.ts";
import { badRequest, type Cause } from "../refusal.ts";

const key = /^[-._a-zA-Z0-9]+$/;
const keyRule =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

export const configMapRules: KindRules = {
  prepare: (draft) => withTexts(draft, "ConfigMap", "data"),
  judge: dataCauses,
};

export const secretRules: KindRules = {
  prepare: (draft) => ({ ...withEncodedData(draft), type: text(draft["type"]) || "Opaque" }),
  revise: (next) => withEncodedData(next),
  judge: dataCauses,
};

/** A ClusterIP is a name here: no packet is ever sent to it. */
export const serviceRules: KindRules = {
  prepare: (draft, _, around) => ({
    ...draft,
    spec: serviceDefaults(plain(draft["spec"]), around),
    status: { loadBalancer: {} },
  }),
  revise: (next, before) => {
    const { clusterIP, clusterIPs } = plain(before["spec"]);
    return { ...next, spec: { clusterIP, clusterIPs, ...plain(next["spec"]) } };
  },
};

/** Nothing to be filled in: tokens are asked for, and no Secret holds one. */
export const serviceAccountRules: KindRules = {};

export const eventRules: KindRules = {
  prepare: (draft) => ({ ...draft, type: text(draft["type"]) || "Normal" }),
  judge: (event) => {
    const subject = text(at(event["involvedObject"], "namespace"));
    const { namespace } = event.metadata;
    if (subject === namespace || (subject === "" && namespace === "default")) return [];
    const message = `Invalid value: ${JSON.stringify(subject)}: does not match event.namespace`;
    return [{ reason: "FieldValueInvalid", message, field: "involvedObject.namespace" }];
  },
};

/** Throws where a value is no text. */
function withTexts(draft: Draft, kind: string, member: string): Draft {
  const stray = Object.values(plain(draft[member])).find((value) => typeof value !== "string");
  if (stray === undefined) return draft;
  const what = `json: cannot unmarshal ${isPlain(stray) ? "object" : typeof stray} into Go struct field ${kind}.${member} of type string`;
  throw badRequest(`${kind} in version "v1" cannot be handled as a ${kind}: ${what}`);
}

/** `stringData` is for writing alone: it is found in `data`, encoded. */
function withEncodedData<T extends Draft>(draft: T): T {
  const encoded = Object.entries(plain(draft["stringData"])).map(
    ([name, value]) => [name, Buffer.from(String(value)).toString("base64")] as const,
  );
  if (encoded.length === 0) return draft;
  const { stringData: _, ...others } = draft;
  return { ...(others as T), data: { ...plain(draft["data"]), ...Object.fromEntries(encoded) } }; // one member less
}

function dataCauses(object: KubeObject, before: KubeObject | undefined): readonly Cause[] {
  const keys = [...Object.keys(plain(object["data"])), ...Object.keys(plain(object["binaryData"]))];
  const strange = keys
    .filter((name) => !key.test(name))
    .map((name) => {
      const message = `Invalid value: ${JSON.stringify(name)}: ${keyRule}`;
      return { reason: "FieldValueInvalid", message, field: `data[${name}]` };
    });
  return [...strange, ...immutableCauses(object, before)];
}

function immutableCauses(object: KubeObject, before: KubeObject | undefined): readonly Cause[] {
  if (before?.["immutable"] !== true) return [];
  const changed = ["immutable", "data", "binaryData"].filter((name) => !isDeepStrictEqual(object[name], before[name]));
  const message = "Forbidden: field is immutable when `immutable` is set";
  return changed.map((field) => ({ reason: "FieldValueForbidden", message, field }));
}

function serviceDefaults(spec: Plain, around: Surroundings): Plain {
  const clusterIP = text(spec["clusterIP"]) || freeAddress(around);
  return {
    type: "ClusterIP",
    sessionAffinity: "None",
    internalTrafficPolicy: "Cluster",
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
    ...spec,
    clusterIP,
    clusterIPs: [clusterIP],
    ports: list(spec["ports"]).map((port) => {
      const given = plain(port);
      return { protocol: "TCP", targetPort: given["port"], ...given };
    }),
  };
}

function freeAddress(around: Surroundings): string {
  const taken = new Set(around.list("services").map(({ spec }) => text(at(spec, "clusterIP"))));
  for (let number = 10; ; number++) {
    const address = `10.96.${Math.floor(number / 250)}.${(number % 250) + 1}`;
    if (!taken.has(address)) return address;
  }
}
