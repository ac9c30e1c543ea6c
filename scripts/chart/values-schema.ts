import { z } from "zod";
import { controllerConfigSchema } from "../../services/controller/config.ts";
import { gatewayConfigSchema } from "../../services/gateway/config.ts";
import { graderConfigSchema } from "../../services/grader/config.ts";
import { workerConfigSchema } from "../../services/worker/config.ts";
import { imageFields, placementFields, resourcesField, serviceFields } from "./values-parts.ts";

/** Fields of every service's configuration that the chart fills. */
const FILLED = { nats: true, metrics: true } as const;

const controller = controllerConfigSchema
  .omit({ ...FILLED, kubeconfig: true, namespace: true, watchNamespace: true, id: true, sandboxdImage: true })
  .meta({ description: "Of its configuration file: docs/reference/controller.md." });
const worker = workerConfigSchema
  .omit({ ...FILLED, id: true })
  .meta({ description: "Of its configuration file." });
const grader = graderConfigSchema.omit(FILLED).meta({ description: "Of its configuration file." });
const gateway = gatewayConfigSchema
  .omit({ ...FILLED, kubeconfig: true, listen: true })
  .meta({ description: "Of its configuration file: services/gateway/config.ts." });

const ingress = z
  .strictObject({
    enabled: z.boolean().default(false).meta({ description: "Whether to make one." }),
    className: z.string().default("").meta({ description: "Its class; empty: the cluster's default." }),
    annotations: z.record(z.string(), z.string()).default({}).meta({
      description: "Its annotations: results are streams that may last for hours, uploads may be large.",
    }),
    host: z.string().default("").meta({ description: "The name that it answers to." }),
    tlsSecret: z.string().default("").meta({ description: "The Secret with its certificate." }),
  })
  .meta({
    description:
      "A way in beside the API server's own proxy. Tokens pass through: it should have a certificate.",
  });

const servers = String.raw`(nats://)?[^\s:/,]+:\d+`;
const texts = z.record(z.string(), z.string());

const natsFields = {
  url: z
    .string()
    .regex(
      new RegExp(`^(${servers}(,${servers})*)?$`),
      "must be nats://host:port, several separated by commas",
    )
    .default("")
    .meta({
      description:
        "An existing server with JetStream, `nats://host:port`, several separated by commas; empty: the chart's own.",
    }),
  replicas: z
    .union([z.literal(1), z.literal(3)])
    .default(1)
    .meta({ description: "Servers of the chart's own NATS, and copies of every stream: 1 or 3." }),
  auth: z
    .strictObject({
      existingSecret: z.string().default("").meta({
        description:
          "A Secret with the passwords of the users controller, worker, grader and gateway under these keys; empty: one that the chart makes (none with `nats.url`).",
      }),
    })
    .meta({ description: "Each service has a NATS user of its own." }),
  maxMiB: controllerConfigSchema.shape.nats.shape.maxMiB,
  image: z
    .strictObject(
      imageFields(z.string().min(1).default("nats").meta({ description: "The image of nats-server." }), {
        byDefault: "2.15.2",
        meaning: "Its tag.",
      }),
    )
    .meta({ description: "The image of the chart's own NATS." }),
  storage: z
    .strictObject({
      size: z.string().default("24Gi").meta({ description: "Size of each server's volume." }),
      maxMiB: z.int32().min(1).default(20_480).meta({
        description: "What streams may reserve of it, all together: more than the sum of `nats.maxMiB`.",
      }),
      className: z.string().default("").meta({ description: "Storage class; empty: the cluster's default." }),
    })
    .meta({ description: "Where the chart's own NATS keeps the streams." }),
  resources: resourcesField({
    requests: { cpu: "250m", memory: "512Mi" },
    limits: { memory: "1Gi" },
  }),
  ...placementFields(),
};

const metricsFields = {
  port: z.int32().min(1024).max(65_535).default(9090).meta({
    description: "Where every service answers /metrics, /healthz and /readyz.",
  }),
  annotations: z.boolean().default(true).meta({
    description: "Whether pods carry the annotations `prometheus.io/scrape`, `/port` and `/path`.",
  }),
  serviceMonitor: z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .meta({ description: "Whether to make one; its CRD has to be there." }),
      labels: texts.default({}).meta({ description: "Labels that your Prometheus selects by." }),
      interval: z.string().default("30s").meta({ description: "Time between two scrapes." }),
    })
    .meta({ description: "A ServiceMonitor of the Prometheus operator." }),
};

const networkFields = {
  enabled: z.boolean().default(true).meta({
    description: "Whether to make NetworkPolicies for the services and the chart's own NATS.",
  }),
  metricsFrom: z.array(z.looseObject({})).default([]).meta({
    description: "Peers that may scrape metrics, as in a NetworkPolicy's `from`; empty: all.",
  }),
};

/** The values of charts/rollyard. */
export const chartValuesSchema = z.strictObject({
  global: z.looseObject({}).optional().meta({ description: "Helm's own; nothing here reads it." }),
  nameOverride: z
    .string()
    .default("")
    .meta({ description: "Instead of the chart's name in names and labels." }),
  fullnameOverride: z.string().default("").meta({
    description:
      "What names of objects begin with; empty: the release's name, with the chart's unless it holds it.",
  }),
  image: z
    .strictObject(
      imageFields(
        z.string().min(1).meta({ description: "The image of the services: services/Dockerfile." }),
        { byDefault: "", meaning: "Its tag; empty: the chart's appVersion." },
      ),
    )
    .meta({ description: "The image of controller, worker, grader and gateway." }),
  imagePullSecrets: z
    .array(z.strictObject({ name: z.string() }))
    .default([])
    .meta({
      description: "Secrets for the registry, in the release's namespace.",
    }),
  sandboxd: z
    .strictObject({
      image: z
        .strictObject({
          repository: z.string().default("").meta({
            description:
              "The image of services/sandboxd/Dockerfile, which every node with sandboxes pulls; empty: `image.repository` with `-sandboxd`.",
          }),
          tag: z.string().default("").meta({ description: "Its tag; empty: that of `image`." }),
        })
        .meta({ description: "Where sandboxd comes from." }),
    })
    .meta({ description: "What is copied into every sandbox's pod." }),
  crds: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .meta({ description: "Whether the chart installs and upgrades the CRDs." }),
      keep: z.boolean().default(true).meta({
        description: "Whether they, and so every job and environment, outlive `helm uninstall`.",
      }),
    })
    .meta({ description: "The kinds Environment and RolloutJob." }),
  watchNamespace: z.string().default("").meta({
    description: "The one namespace whose jobs and environments are looked after; empty: all.",
  }),
  controller: z
    .strictObject(
      serviceFields({
        replicas: 2,
        resources: { requests: { cpu: "250m", memory: "256Mi" }, limits: { memory: "1Gi" } },
        config: controller,
      }),
    )
    .meta({ description: "One leads, the others wait." }),
  worker: z
    .strictObject(
      serviceFields({
        replicas: 2,
        resources: { requests: { cpu: "500m", memory: "512Mi" }, limits: { memory: "1Gi" } },
        config: worker,
      }),
    )
    .meta({ description: "They drive the agent loops." }),
  grader: z
    .strictObject(
      serviceFields({
        replicas: 2,
        resources: { requests: { cpu: "250m", memory: "256Mi" }, limits: { memory: "1Gi" } },
        config: grader,
      }),
    )
    .meta({ description: "They grade stopped rollouts." }),
  gateway: z
    .strictObject({
      enabled: z.boolean().default(true).meta({
        description: "Whether jobs are submitted and read through it; `kubectl apply` does without.",
      }),
      ...serviceFields({
        replicas: 2,
        resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "1Gi" } },
        config: gateway,
      }),
      ingress,
    })
    .meta({ description: "Submission, uploads, results and logs over HTTP." }),
  nats: z.strictObject(natsFields).meta({ description: "The message bus." }),
  metrics: z.strictObject(metricsFields).meta({ description: "How it is watched." }),
  networkPolicies: z.strictObject(networkFields).meta({ description: "Who reaches the services." }),
  extraManifests: z
    .array(z.looseObject({}))
    .default([])
    .meta({ description: "More objects of the release." }),
});
