// What the chart's values may be: helm refuses anything else with its path, and docs/reference/values.md is written from it.
// Bounds are those of the operator's own configuration (operator/src/config.ts); a test renders both ends of each and lets the
// operator read what comes of them.
import { InstanceTypeSpecSchema, TolerationSchema } from "@stint/crds/instancetype";
import { TaskSettingsSchema } from "@stint/crds/settings";
import { ResourcesSchema } from "@stint/crds/taskrun";
import { z } from "zod";

const wholeNumber = (min: number, max: number) => z.int().min(min).max(max);
/** Text of a shape that the page calls by name. */
const shaped = (title: string, shape: RegExp, max = 253) => z.string().max(max).regex(shape).meta({ title });
const objectName = shaped("name", /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
const optionalName = shaped("name, or empty", /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/);
const namespaceName = shaped("namespace", /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 63);
const percentage = shaped("percentage", /^([0-9]{1,2}|100)%$/);
const interval = shaped("duration, as `30s`", /^[1-9][0-9]*(ms|s|m)$/, 16);
const image = z.string().min(1).max(4096);
const labels = z.record(z.string(), z.string().max(63));

const images = z
  .strictObject({
    operator: image.describe("The operator's image."),
    runner: image.describe("Image of the attempts of bundles that bring none of their own."),
    pullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).describe("Of both images."),
    pullSecrets: z
      .array(z.strictObject({ name: objectName }))
      .describe(
        "Existing Secrets of the release's namespace for the operator's image, as `[{name: registry}]`. For the images of runs a bundle names its own (`spec.imagePullSecrets`).",
      ),
  })
  .describe("Where the images come from.");

const operator = z
  .strictObject({
    resources: z
      .strictObject({
        requests: ResourcesSchema.optional().describe("What a replica is promised."),
        limits: ResourcesSchema.optional().describe("What it may use at most."),
      })
      .describe("Of an operator's container."),
    nodeSelector: labels.describe("Nodes that it may run on."),
    tolerations: z.array(z.strictObject(TolerationSchema.shape)).describe("Taints of nodes that it tolerates."),
    affinity: z
      .looseObject({})
      .describe("As in a pod of Kubernetes. Without one its replicas are spread over nodes where that can be."),
    priorityClassName: optionalName.describe("An existing PriorityClass; empty means none."),
  })
  .describe("The operator's pods.");

const gateway = z
  .strictObject({
    caSecret: optionalName.describe(
      "Existing Secret with the gateway's certificate authority, which you keep and renew: see docs/install.md. Empty: the operator makes one, in `stint-gateway-ca`, and renews it.",
    ),
  })
  .describe("The HTTPS endpoint for runners.");

const podDisruptionBudget = z
  .strictObject({
    enabled: z.boolean().describe("Whether the chart makes one."),
    maxUnavailable: z
      .union([wholeNumber(0, 100), percentage])
      .describe("How many replicas a drain may take away at the same time: a number or a percentage. 0 blocks drains."),
  })
  .describe("For the operator's pods.");

const metrics = z
  .strictObject({
    serviceMonitor: z
      .strictObject({
        enabled: z
          .boolean()
          .describe(
            "Whether the chart makes a ServiceMonitor, and a Service for it. Needs the CRDs of the Prometheus operator.",
          ),
        interval: interval.describe("How often each replica is asked."),
        labels: labels.describe("Added to the ServiceMonitor: a Prometheus may choose by them."),
      })
      .describe("For the Prometheus operator."),
  })
  .describe("Every replica serves `/metrics` on its port 8080.");

const network = z
  .strictObject({
    strict: z
      .boolean()
      .describe(
        "Whether runs in `runNamespaces` reach nothing but the gateway and DNS. Else they reach everything but the cloud's metadata.",
      ),
  })
  .describe("What runs in `runNamespaces` may reach.");

const tree = z
  .strictObject({
    depth: wholeNumber(0, 1_000_000).describe("Runs from the root to the deepest one; 0 means unlimited."),
    size: wholeNumber(0, 100_000_000).describe("Runs of one tree; 0 means unlimited."),
  })
  .describe("Limits on a tree of runs.");

const api = z
  .strictObject({
    requestsPerSecond: wholeNumber(1, 100_000).describe("What a replica sends at most, in the long run."),
    burst: wholeNumber(1, 100_000).describe("And at once."),
  })
  .describe("Requests to the API server.");

const crds = z
  .strictObject({
    check: z
      .boolean()
      .describe("Whether `helm upgrade` is refused as long as the cluster has other CRDs than this chart."),
  })
  .describe("The custom resource definitions, which helm installs but never changes.");

/** All of `helm/values.yaml`, in the order of the page. */
export const ValuesSchema = z
  .strictObject({
    replicas: wholeNumber(1, 100).describe("Operator processes. One leads; every one answers runners."),
    image: images,
    gateway,
    operator,
    podDisruptionBudget,
    metrics,
    taskDefaults: z
      .strictObject(TaskSettingsSchema.shape)
      .meta({ not: { required: ["instanceType", "resources"] } }) // S62
      .describe("Settings for tasks that nobody else sets (S9), for example `{timeoutSeconds: 600}`."),
    podRetentionSeconds: wholeNumber(0, 604_800).describe("How long finished pods are kept for their logs."),
    runNamespaces: z
      .array(namespaceName)
      .describe(
        "Existing namespaces in which runs are isolated on the network (S297). Needs a network plugin that enforces NetworkPolicies.",
      ),
    network,
    tree,
    api,
    workers: wholeNumber(1, 256).describe("Runs reconciled at the same time."),
    logLevel: z.enum(["debug", "info", "warn", "error"]).describe("The least that the operator logs."),
    instanceTypes: z
      .record(objectName, z.strictObject(InstanceTypeSpecSchema.shape))
      .describe(
        "The sizes that tasks can ask for, by name (S54); requests equal limits. `null` in the place of one of the six removes it.",
      ),
    crds,
    global: z.looseObject({}).optional().describe("Of charts that contain this one; not read."),
  })
  .describe("Values of the chart stint.");
