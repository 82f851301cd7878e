// The task container, and the volumes that it mounts.
import { podContract } from "@stint/crds/attempt";
import type { TaskBundleSpec } from "@stint/crds/taskbundle";
import type { Resources } from "@stint/crds/taskrun";

import type { Program } from "./pod.ts";
import { templateList } from "./pod-template.ts";
import { heapMiB } from "./resources.ts";
import type { PodSettings } from "./world.ts";

const runnerFile = "/stint/runner.cjs";
const defaultEphemeralStorage = "10Gi";
const temporarySize = "1Gi";

/** The kubelet replaces the token at 80 % of its life; the runner rereads the file before each request. */
const tokenSeconds = 3600;

const volume = { token: "stint-token", temporary: "stint-tmp", code: "stint-code" } as const;

export function taskContainer(program: Program, settings: PodSettings): object {
  const { spec, image = spec.source.image?.reference ?? settings.runnerImage } = program;
  return {
    name: podContract.container,
    image,
    imagePullPolicy: settings.imagePullPolicy,
    command: commandOf(program.resources),
    env: environment(program, settings),
    ...(spec.envFrom && { envFrom: spec.envFrom }),
    resources: requestsAndLimits(program.resources),
    volumeMounts: [...mounts(program), ...templateList(spec, "volumeMounts")],
    securityContext: restricted,
    // Keeps the last words of a process that died mute: V8's, when its heap is full (S296).
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

export function podVolumes({ spec, codeConfigMap }: Program): object[] {
  return [
    { name: volume.token, projected: { sources: [{ serviceAccountToken: token }] } },
    { name: volume.temporary, emptyDir: { sizeLimit: temporarySize } },
    ...(codeConfigMap === undefined ? [] : [{ name: volume.code, configMap: { name: codeConfigMap } }]),
    ...templateList(spec, "volumes"),
  ];
}

/** Not of the API server's audience, so it opens nothing but the gateway. */
const token = {
  audience: podContract.audience,
  expirationSeconds: tokenSeconds,
  path: podContract.tokenFile.split("/").at(-1),
};

function mounts({ codeConfigMap }: Program): object[] {
  const tokenDirectory = podContract.tokenFile.split("/").slice(0, -1).join("/");
  return [
    { name: volume.token, mountPath: tokenDirectory, readOnly: true },
    { name: volume.temporary, mountPath: "/tmp" },
    ...(codeConfigMap === undefined
      ? []
      : [{ name: volume.code, mountPath: podContract.codeDirectory, readOnly: true }]),
  ];
}

function commandOf(resources: Resources): string[] {
  const heap = heapMiB(resources);
  return ["node", ...(heap === undefined ? [] : [`--max-old-space-size=${heap}`]), runnerFile];
}

/** The user's variables, but for those of our names: the last of two would win, and the API server would warn each time. */
function environment({ mode, spec, codeConfigMap, traceparent }: Program, settings: PodSettings): object[] {
  const entrypoint =
    codeConfigMap === undefined
      ? spec.source.image?.entrypoint
      : `${podContract.codeDirectory}/${podContract.codeFile}`;
  const ours = [
    { name: podContract.mode, value: mode },
    { name: podContract.gatewayAddress, value: settings.gatewayAddress },
    { name: podContract.gatewayName, value: settings.gatewayName },
    { name: podContract.gatewayCa, value: settings.gatewayCa },
    ...(entrypoint === undefined ? [] : [{ name: podContract.entrypoint, value: entrypoint }]),
    ...(traceparent === undefined ? [] : [{ name: podContract.traceparent, value: traceparent }]),
  ];
  const taken = new Set<unknown>([...ourVariables, ...ours.map(({ name }) => name)]);
  return [...usersEnvironment(spec, taken), ...ours];
}

function usersEnvironment({ env = [] }: TaskBundleSpec, taken: ReadonlySet<unknown>): object[] {
  return env.filter((variable) => !taken.has(variable["name"]));
}

/** Ours also where we set none. */
const ourVariables: readonly string[] = [
  podContract.entrypoint,
  podContract.tokenFileVariable,
  podContract.terminationLogVariable,
];

/** What a pod uses it has asked for, so that pressure on its node comes to it last (S295). */
function requestsAndLimits(resources: Resources): object {
  const all = { "ephemeral-storage": defaultEphemeralStorage, ...resources };
  return { requests: all, limits: all };
}

const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};
