import { expect, test } from "vitest";

import { type Figures, type Row, textOf, withFigures } from "./table.ts";

const pace = { seconds: 20, perSecond: 30, triggerToPod: { p50: 12, p99: 15_300 }, endToStatus: { p50: 4, p99: 90 } };

const aRow = (row: Partial<Row>): Row => ({
  peer: "Stint",
  settings: "as the chart has it",
  runs: 600,
  pace,
  ownWrites: { "create pods": 600, "update taskruns/status": 1800 },
  cpuSeconds: { "kube-apiserver": 6, operator: 1.8 },
  controller: { name: "operator", peakMb: 121.4 },
  loopDelayMs: { p50: 10.1, p99: 12.2, max: 40 },
  ...row,
});

const figures: Figures = {
  date: "2026-01-02",
  machine: "2 × a CPU",
  loadBefore: 0.25,
  versions: { Kubernetes: "v1.34.4" },
  command: "make bench RUNS=600",
  nodes: 20,
  podMs: 1000,
  rows: [
    aRow({}),
    {
      peer: "bare pods",
      settings: "nobody watches over them",
      runs: 600,
      pace: { ...pace, perSecond: 60, endToStatus: { p50: 0, p99: 0 } },
      ownWrites: { "create pods": 600 },
      cpuSeconds: { "kube-apiserver": 3 },
    },
  ],
  steady: [{ peer: "Stint", runs: 600, rate: 15, pace }],
};

test("the tables say each figure per run, and a ratio within the same bench", () => {
  expect(textOf(figures)).toMatchInlineSnapshot(`
    "Measured on 2026-01-02 with \`make bench RUNS=600\`: 2 × a CPU, load 0.3 before it
    began; Kubernetes v1.34.4; 20 simulated nodes, pods that run 1000 ms.

    - Stint: as the chart has it.
    - bare pods: nobody watches over them.

    **All at once.**

    |           | runs | runs/s | own writes/run | API server CPU/run | controller CPU/run | its peak memory | event loop p50/p99/max | trigger → pod p50/p99 | pod end → status p50/p99 |
    | --------- | ---- | ------ | -------------- | ------------------ | ------------------ | --------------- | ---------------------- | --------------------- | ------------------------ |
    | Stint     | 600  | 30.0   | 4.00           | 10.0 ms            | 3.0 ms             | 121 MB          | 10/12/40 ms            | 12 ms / 15.3 s        | 4 ms / 90 ms             |
    | bare pods | 600  | 60.0   | 1.00           | 5.0 ms             | –                  | –               | –                      | 12 ms / 15.3 s        | –                        |

    **At half that rate.**

    |       | runs | runs/s | trigger → pod p50/p99 | pod end → status p50/p99 |
    | ----- | ---- | ------ | --------------------- | ------------------------ |
    | Stint | 600  | 15.0   | 12 ms / 15.3 s        | 4 ms / 90 ms             |

    Stint's rate at 600 runs: 0.50 × bare pods."
  `);
});

test("a page keeps what stands around its figures", () => {
  const page =
    "before\n\n<!-- figures: written by node test/bench/main.ts --write -->\n\nold\n\n<!-- end of figures -->\n\nafter\n";

  const written = withFigures(page, figures);

  expect(written).toContain(textOf(figures));
  expect(written).not.toContain("old");
  expect([written.slice(0, 6), written.slice(-6)]).toEqual(["before", "after\n"]);
});

test("a page without a place for figures is refused", () => {
  expect(() => withFigures("nothing here", figures)).toThrow("the page lacks its marks");
});
