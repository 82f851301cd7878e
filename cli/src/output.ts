import type { Terminal } from "./terminal.ts";

export const outputFormats = ["json", "yaml"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** An object as the API server gave it, or a list of them as kubectl shows one. */
export async function printObject({ print }: Terminal, format: OutputFormat, object: object): Promise<void> {
  if (format === "json") {
    print(JSON.stringify(object, null, 2));
    return;
  }
  const { toYaml } = await import("./yaml.ts");
  print(toYaml(object));
}

export function toList(items: readonly object[]): object {
  return { apiVersion: "v1", kind: "List", items };
}
