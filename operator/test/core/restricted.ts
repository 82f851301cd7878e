// The restricted Pod Security Standard of Kubernetes, as a list of what a pod does against it. Written from the standard's
// table of controls and not from our pods, so that it can disagree with them.
import type { V1Container, V1Pod, V1PodSpec } from "@kubernetes/client-node";

type Control = readonly [name: string, isViolated: (spec: V1PodSpec) => boolean];

const allowedVolumes: ReadonlySet<string> = new Set([
  "name",
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

const seccompTypes: readonly unknown[] = ["RuntimeDefault", "Localhost"];
const appArmorTypes: readonly unknown[] = [undefined, "RuntimeDefault", "Localhost"];

const controls: readonly Control[] = [
  ["host namespaces", (spec) => Boolean(spec.hostNetwork ?? spec.hostPID ?? spec.hostIPC)],
  ["host process", (spec) => spec.securityContext?.windowsOptions?.hostProcess === true],
  ["host users", (spec) => spec.hostUsers === true],
  ["volume types", (spec) => (spec.volumes ?? []).some((volume) => !Object.keys(volume).every(isAllowedVolume))],
  ["sysctls", (spec) => (spec.securityContext?.sysctls ?? []).length > 0],
  ["SELinux options", (spec) => spec.securityContext?.seLinuxOptions !== undefined],
  ["AppArmor", (spec) => !appArmorTypes.includes(spec.securityContext?.appArmorProfile?.type)],
  ["root user", (spec) => spec.securityContext?.runAsUser === 0],
  ["privileged", some(({ securityContext }) => securityContext?.privileged === true)],
  ["privilege escalation", some(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false)],
  ["capabilities dropped", some(({ securityContext }) => !securityContext?.capabilities?.drop?.includes("ALL"))],
  ["capabilities added", some(({ securityContext }) => (securityContext?.capabilities?.add ?? []).length > 0)],
  ["root user of a container", some(({ securityContext }) => securityContext?.runAsUser === 0)],
  ["host ports", some(({ ports = [] }) => ports.some(({ hostPort }) => hostPort !== undefined))],
  ["proc mount", some(({ securityContext }) => securityContext?.procMount !== undefined)],
  ["non-root", (spec) => containersOf(spec).some((container) => !runsAsNonRoot(container, spec))],
  ["seccomp", (spec) => containersOf(spec).some((container) => !isSeccompSet(container, spec))],
];

/** The names of the controls that the pod violates. */
export function restrictedViolations({ spec }: V1Pod): string[] {
  return spec ? controls.filter(([, isViolated]) => isViolated(spec)).map(([name]) => name) : ["no spec"];
}

function some(isViolated: (container: V1Container) => boolean): Control[1] {
  return (spec) => containersOf(spec).some(isViolated);
}

function containersOf({ containers, initContainers = [], ephemeralContainers = [] }: V1PodSpec): V1Container[] {
  return [...containers, ...initContainers, ...ephemeralContainers];
}

function isAllowedVolume(field: string): boolean {
  return allowedVolumes.has(field);
}

function runsAsNonRoot({ securityContext }: V1Container, spec: V1PodSpec): boolean {
  return (securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot) === true;
}

function isSeccompSet({ securityContext }: V1Container, spec: V1PodSpec): boolean {
  const profile = securityContext?.seccompProfile ?? spec.securityContext?.seccompProfile;
  return seccompTypes.includes(profile?.type);
}
