import { describe, expect, test } from "vitest";

import { withNamespaces } from "../src/zod-imports.ts";

describe("an import of zod", () => {
  test.each([
    ['import { z } from "zod"', 'import * as z from "zod"'],
    ["import z from 'zod/mini'", "import * as z from 'zod/mini'"],
    ['import { z as zod } from "zod/v4"', 'import * as zod from "zod/v4"'],
    ['import { default as z } from "zod"', 'import * as z from "zod"'],
    [
      'import z, { ZodError as Bad, type infer as Infer } from "zod"',
      'import * as z from "zod"; import { ZodError as Bad, type infer as Infer } from "zod"',
    ],
    [
      'import {\n  z, // the namespace\n  toJSONSchema,\n} from "zod"',
      'import * as z from "zod"; import { toJSONSchema } from "zod"\n\n\n',
    ],
  ])("of its namespace is one: %s", async (given, expected) => {
    expect(await withNamespaces(`${given};\nz;`)).toBe(`${expected};\nz;`);
  });

  test.each([
    'import * as z from "zod"',
    'import "zod"',
    'import type { z } from "zod"',
    'import type z from "zod"',
    'import { type z } from "zod"',
    'import { ZodError } from "zod"',
    'import { z } from "zoder"',
    'import { z } from "./zod"',
    'export { z } from "zod"',
    'const { z } = await import("zod")',
    'const advice = `\nimport { z } from "zod";\n`',
    '// import { z } from "zod"',
    'import { z } from "zod"; const page = (<p>don\'t</p>); (',
  ])("is left as it is where it is none, or cannot be read: %s", async (given) => {
    expect(await withNamespaces(given)).toBe(given);
  });
});
