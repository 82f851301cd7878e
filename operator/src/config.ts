// The operator's configuration: the only reader of the environment. All problems are reported at once, and before any
// socket opens.
import { limits } from "@stint/crds/limits";
import { oneSize, TaskSettingsSchema } from "@stint/crds/settings";
import { z } from "zod";

const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const name = z.string().min(1);
const port = wholeNumber(0, 65_535);

const taskDefaults = z
  .string()
  .default("{}")
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: "custom", message: "must be JSON, as the chart's value taskDefaults" });
      return z.NEVER;
    }
  })
  .pipe(
    z
      .strictObject(TaskSettingsSchema.shape)
      .refine(({ instanceType, resources }) => instanceType === undefined || resources === undefined, oneSize.message),
  );

/** Every variable the operator reads, with its default. */
const ConfigSchema = z.object({
  STINT_NAMESPACE: name.describe("The operator's own namespace: its Lease, Secret and Service live there."),
  STINT_POD_NAME: name.describe("Name of this replica: holder of the Lease, reporter of Events."),
  STINT_RUNNER_IMAGE: name.describe("Image of attempts whose bundle brings none."),
  STINT_RUNNER_IMAGE_PULL_POLICY: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent"),
  // Not STINT_GATEWAY_PORT: Kubernetes sets that one by itself where there is a Service of the name.
  STINT_GATEWAY_LISTEN_PORT: port.default(8443).describe("Where the gateway listens."),
  STINT_GATEWAY_SERVICE: name.default("stint-gateway").describe("The Service in front of the gateways."),
  STINT_GATEWAY_ADDRESS: z.string().optional().describe("ip:port that pods are given, in the place of the Service's."),
  STINT_GATEWAY_CA_SECRET: z
    .string()
    .optional()
    .describe("Secret with the gateway's certificate authority that people keep; else the operator keeps one."),
  STINT_HTTP_PORT: port.default(8080).describe("Where health and metrics are served."),
  STINT_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  STINT_WORKERS: wholeNumber(1, 256).default(16).describe("Runs reconciled at the same time."),
  STINT_API_REQUESTS_PER_SECOND: wholeNumber(1, 100_000).default(500),
  STINT_API_BURST: wholeNumber(1, 100_000).default(1000),
  STINT_POD_RETENTION_SECONDS: wholeNumber(0, 604_800)
    .default(600)
    .describe("How long finished pods are kept for their logs."),
  STINT_TREE_DEPTH: wholeNumber(0, 1_000_000).default(limits.treeDepth).describe("0 means unlimited."),
  STINT_TREE_SIZE: wholeNumber(0, 100_000_000).default(limits.treeSize).describe("0 means unlimited."),
  STINT_TASK_DEFAULTS: taskDefaults.describe("Settings for tasks that nobody else sets, as JSON."),
  STINT_KUBECONFIG: z.string().optional().describe("Outside a cluster: the kubeconfig to use."),
  STINT_SERVICE_ACCOUNT_MOUNT: name
    .default("/var/run/secrets/kubernetes.io/serviceaccount")
    .describe("Inside a cluster: the folder with token and ca.crt of our ServiceAccount."),
  KUBERNETES_SERVICE_HOST: z.string().optional(),
  KUBERNETES_SERVICE_PORT: wholeNumber(1, 65_535).default(443),
});
export type Config = z.infer<typeof ConfigSchema>;

/** Thrown when the environment is wrong; the message has one line per problem, the variable's name first. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Reads the configuration. Throws {@link ConfigError} with every problem at once. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = ConfigSchema.safeParse(given);
  const problems = parsed.success
    ? crossChecks(parsed.data)
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new ConfigError(problems.join("\n"));
}

function crossChecks(config: Config): string[] {
  if (config.KUBERNETES_SERVICE_HOST !== undefined || config.STINT_KUBECONFIG !== undefined) return [];
  return ["STINT_KUBECONFIG: needed outside a cluster, where KUBERNETES_SERVICE_HOST is not set"];
}
