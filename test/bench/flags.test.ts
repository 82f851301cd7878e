import { expect, test } from "vitest";

import { patientWithNodes, tunedJobs, tunedScheduler, withFlags } from "./flags.ts";

const manifest = `spec:
  containers:
  - command:
    - kube-controller-manager
    - --leader-elect=true
    image: localhost/k8s/kube-controller-manager:v1.34.4
`;

test("flags are added to the command of their component", () => {
  expect(withFlags(manifest, "kube-controller-manager", tunedScheduler)).toBe(`spec:
  containers:
  - command:
    - kube-controller-manager
    - --kube-api-qps=1000
    - --kube-api-burst=1000
    - --leader-elect=true
    image: localhost/k8s/kube-controller-manager:v1.34.4
`);
});

test("the bench's flags are taken back, from whatever it left", () => {
  const tuned = [tunedScheduler, patientWithNodes, { ...patientWithNodes, ...tunedJobs }].reduce(
    (text, flags) => withFlags(text, "kube-controller-manager", flags),
    manifest,
  );

  expect(withFlags(tuned, "kube-controller-manager", {})).toBe(manifest);
});

test("a manifest of another component is refused", () => {
  expect(() => withFlags(manifest, "kube-scheduler", {})).toThrow("no command of kube-scheduler in its manifest");
});
