// The contract's table of endpoints, against the code's.
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { routes } from "../../src/gateway/routes.ts";

test("the gateway serves the endpoints of the contract, and no others (S293)", () => {
  const contract = readFileSync(new URL("../../../docs/semantics.md", import.meta.url), "utf8");
  const table = contract.slice(contract.indexOf("- **S293**"), contract.indexOf("- **S294**"));
  const listed = [...table.matchAll(/`((?:GET|POST|PUT|DELETE)[^ ]*) ([a-z/{}]+)[^`]*`/g)].flatMap(
    ([, methods = "", path = ""]) =>
      methods.split("\\|").map((method) => `${method} ${path.replace(/\{\w+\}/, ":name")}`),
  );

  expect(listed.toSorted()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).toSorted());
});
