import { randomBytes } from "node:crypto";

export function aName(): string {
  return `w-${randomBytes(4).toString("hex")}`;
}

/** A Widget that is right, unless the test says otherwise. */
export function aWidget({ name = aName(), spec = {}, metadata = {}, ...more }: WidgetParts = {}) {
  return {
    apiVersion: "contract.example.dev/v1",
    kind: "Widget",
    metadata: { name, ...metadata },
    spec: { colour: "red", ...spec },
    ...more,
  };
}

interface WidgetParts {
  readonly name?: string;
  readonly spec?: object;
  readonly metadata?: object;
  readonly [member: string]: unknown;
}

export function aConfigMap({
  name = aName(),
  ...more
}: { readonly name?: string; readonly [member: string]: unknown } = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { a: "1" }, ...more };
}

/** A pod that no scheduler finds a node for: it stays Pending on every cluster. */
export function aPod({ name = aName(), spec = {}, metadata = {} }: WidgetParts = {}) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...metadata },
    spec: {
      nodeSelector: { "contract.example.dev/nowhere": "true" },
      containers: [{ name: "main", image: "example.invalid/none:1" }],
      ...spec,
    },
  };
}
