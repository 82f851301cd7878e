// Rows of `decide`: runs that depend on others.
import type { Upstream } from "../../src/core/world.ts";
import { aTaskRun, after } from "../builders.ts";
import { awaiting, type Row } from "./decide-row.ts";

const upstream = (more: Partial<Upstream> = {}): Upstream => ({
  name: "a",
  exists: true,
  isReachable: true,
  isOver: false,
  allowFailure: false,
  isBeside: false,
  ...more,
});
const failed = { isOver: true, failed: { name: "a", phase: "Failed" } } as const;

export const dependentRows: readonly Row[] = [
  {
    given: "an upstream that has not ended (S131)",
    world: { upstreams: [upstream()] },
    then: "waitingForUpstream",
    status: "Pending WaitingForUpstream",
    message: "upstream run a has not ended",
  },
  {
    given: "several upstreams, of which one has not ended",
    world: { upstreams: [upstream({ isOver: true }), upstream({ name: "b" })] },
    then: "waitingForUpstream",
    status: "Pending WaitingForUpstream",
    message: "not all of 2 upstream runs have ended",
  },
  {
    given: "an upstream that does not exist (S132)",
    world: { upstreams: [upstream(), upstream({ name: "b", exists: false })] },
    then: "waitingForUpstream",
    status: "Pending WaitingForUpstream",
    message: "upstream run b does not exist",
  },
  {
    given: "upstreams that have all ended well (S131)",
    world: { upstreams: [upstream({ isOver: true }), upstream({ name: "b", isOver: true })] },
    then: "starting",
    status: "Pending Starting",
    does: ["createPod 1"],
  },
  ...(["Failed", "Canceled", "Skipped"] as const).map((phase) => ({
    given: `an upstream that is ${phase} (S132)`,
    world: { upstreams: [upstream({ isOver: true, failed: { name: "a", phase } })] },
    then: "skipped",
    status: "Skipped UpstreamFailed",
    message: `upstream run a is ${phase}`,
  })),
  {
    given: "one upstream that has failed and one that has not ended",
    world: { upstreams: [upstream({ name: "b" }), upstream(failed)] },
    then: "skipped",
    status: "Skipped UpstreamFailed",
    message: "upstream run a is Failed",
  },
  {
    given: "an upstream that has failed and may (S133)",
    world: { upstreams: [upstream({ ...failed, allowFailure: true })] },
    then: "starting",
    status: "Pending Starting",
    does: ["createPod 1"],
  },
  {
    given: "an upstream that may fail and has not ended",
    world: { upstreams: [upstream({ allowFailure: true })] },
    then: "waitingForUpstream",
    status: "Pending WaitingForUpstream",
  },
  {
    given: "a circle (S132)",
    world: { upstreams: [upstream()], waitsForItself: true },
    then: "cyclic",
    status: "Failed UpstreamCycle",
    does: ["event UpstreamCycle"],
    message: "run square-4 depends on itself",
  },
  {
    given: "a result of a run from elsewhere that is not listed (S130)",
    world: { upstreams: [upstream({ isReachable: false })] },
    then: "misreferring",
    status: "Failed InvalidSpec",
    does: ["event InvalidSpec"],
    message: "inputRefs: a is neither in this tree nor in dependsOn",
  },
  {
    given: "a result that is to go where there is something already (S130)",
    run: aTaskRun({
      input: { hash: "h", bytes: 3, shape: { kind: "array", length: 1 }, danglingRef: "/0" },
      spec: { inputRefs: [{ pointer: "/0", run: "a" }] },
    }),
    world: { upstreams: [upstream()] },
    then: "misreferring",
    status: "Failed InvalidSpec",
    does: ["event InvalidSpec"],
    message: "inputRefs: there is no null at /0 of the input",
  },
  {
    given: "an upstream that has not ended, and an instant to start at that lies ahead (S73)",
    run: aTaskRun({ spec: { startAt: after(60).toISOString() } }),
    world: { upstreams: [upstream()] },
    then: "delayed",
    status: "Pending Delayed",
  },
  {
    given: "an upstream that has not ended, and a cancel (S162)",
    run: aTaskRun({ spec: { cancel: true } }),
    world: { upstreams: [upstream()] },
    then: "canceling",
    status: "Canceled Canceled",
  },
  {
    given: "an upstream that has not ended, and a deadline that has passed (S71)",
    run: aTaskRun({ spec: { deadlineSeconds: 5 } }),
    world: { upstreams: [upstream()] },
    then: "overDeadline",
    status: "Failed DeadlineExceeded",
    does: ["event DeadlineExceeded"],
  },
  {
    given: "an attempt that is over: what it waited for is no question any more",
    run: awaiting({}, { nextRetryAt: after(5).toISOString() }),
    world: { upstreams: [upstream({ exists: false })] },
    then: "starting",
    status: "Pending Starting",
    does: ["createPod 2"],
  },
];
