import { z } from "zod";
import { STREAMS } from "../../src/bus/streams.ts";
import type { StreamName } from "../../src/bus/streams.ts";
import { metricsConfigSchema, natsFields } from "../../src/config/service-config-parts.ts";

const STREAM_NAMES = Object.keys(STREAMS) as [StreamName, ...StreamName[]];

const namespaceSchema = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "must be the name of a namespace");

const cidrSchema = z
  .union([z.cidrv4(), z.cidrv6()], "must be a range of addresses such as 10.8.0.0/16")
  .refine((cidr) => !cidr.endsWith("/0"), "must not be every address");

const networkSchema = z
  .strictObject({
    clients: z.array(z.string().min(1)).min(1).default(["worker", "grader", "gateway"]).meta({
      description:
        "Values of the label `app.kubernetes.io/component` of the pods, in the controller's namespace, that may speak to sandboxes.",
    }),
    nameservers: z
      .array(z.union([z.ipv4(), z.ipv6()], "must be an IP address"))
      .max(3)
      .default(["1.1.1.1", "8.8.8.8"])
      .meta({
        description:
          "Name servers of sandboxes with `network: open`; reachable at port 53 even inside of a blocked range.",
      }),
    blockedRanges: z.array(cidrSchema).default([]).meta({
      description:
        "Ranges that `network: open` must not reach, beside the private and special ones: public addresses of nodes, of the API server, of a company.",
    }),
  })
  .prefault({})
  .meta({ description: "What NetworkPolicies have to know." });

const policyProbeSchema = z
  .strictObject({
    enabled: z.boolean().default(true).meta({
      description: "Whether to find out if the cluster enforces NetworkPolicies, by two short-lived pods.",
    }),
    everySeconds: z.int32().min(60).default(3600).meta({ description: "Time between two probes." }),
  })
  .prefault({})
  .meta({ description: "The probe of the cluster's network, in the controller's namespace." });

const datasetsSchema = z
  .strictObject({
    maxMiB: z.int32().min(1).default(64).meta({
      description:
        "Largest dataset behind a url, or uploaded; a leader holds it in memory while it reads it.",
    }),
    allowedHosts: z
      .array(
        z.string().regex(/^(\*\.)?[\w.:-]+$/, "must be the name or address of a host, or `*.` and a name"),
      )
      .default([])
      .meta({
        description:
          "Hosts of `dataset.url` inside the network, such as `minio.storage.svc` or `*.s3.example`; others must have a public address outside of `network.blockedRanges`.",
      }),
  })
  .prefault({})
  .meta({ description: "What jobs may have the controller read." });

/** The configuration file of a controller process. The NATS password comes from the environment variable NATS_PASSWORD. */
export const controllerConfigSchema = z.strictObject({
  nats: z
    .strictObject({
      ...natsFields("controller"),
      replicas: z
        .union([z.literal(1), z.literal(3)])
        .default(1)
        .meta({ description: "Copies of every stream: 1, or 3 where the servers are a cluster." }),
      maxMiB: z
        .partialRecord(z.enum(STREAM_NAMES), z.int().min(1))
        .default({})
        .meta({
          description: `Space reserved for a stream: ${STREAM_NAMES.join(", ")}.`,
        }),
    })
    .meta({ description: "The message bus." }),
  kubeconfig: z.string().min(1).optional().meta({
    description:
      "A kubeconfig file, for a controller outside of the cluster; else KUBECONFIG, else the pod's service account.",
  }),
  namespace: namespaceSchema.optional().meta({
    description:
      "Where the leader's Lease, the signing keys and the probes are, and the pods of workers and graders; by default the pod's own.",
  }),
  watchNamespace: namespaceSchema.optional().meta({
    description: "The one namespace whose Environments and RolloutJobs are looked after; by default all.",
  }),
  id: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,100}$/, "must be 1 to 100 letters, digits, '_', '.' or '-'")
    .optional()
    .meta({ description: "Unique among the controllers; by default made at random." }),
  sandboxdImage: z
    .string()
    .regex(/^\S+$/, "must be an image")
    .meta({ description: "Image that holds sandboxd; its program is copied into every sandbox's pod." }),
  network: networkSchema,
  policyProbe: policyProbeSchema,
  datasets: datasetsSchema,
  namespaces: z
    .record(
      z.string(),
      z.strictObject({
        weight: z.number().positive().default(1).meta({
          description: "Its part of what all namespaces may run at once.",
        }),
        maxActive: z.int32().min(0).optional().meta({ description: "Most rollouts active at once." }),
      }),
    )
    .default({})
    .meta({ description: "Fairness between namespaces, by name; one that is not named has weight 1." }),
  modelEndpoints: z
    .record(
      z.url({ protocol: /^https?$/ }),
      z.strictObject({
        maxConcurrent: z
          .int32()
          .min(1)
          .meta({ description: "Most rollouts at once that use it, of all jobs." }),
      }),
    )
    .default({})
    .meta({ description: "Limits of model endpoints, by `baseURL`." }),
  metrics: metricsConfigSchema,
});

/** See {@link controllerConfigSchema}. */
export type ControllerConfig = z.output<typeof controllerConfigSchema>;
