// A module of its own, so that it is loaded by those alone who ask for YAML.
import { stringify } from "yaml";

/** As kubectl writes it and reads it: YAML 1.1. */
export function toYaml(object: object): string {
  return stringify(object, { version: "1.1", aliasDuplicateObjects: false }).trimEnd();
}
