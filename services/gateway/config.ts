import { z } from "zod";
import { metricsConfigSchema, natsFields } from "../../src/config/service-config-parts.ts";

const limitsSchema = z
  .strictObject({
    datasetMiB: z.int32().min(1).max(65_536).default(256).meta({
      description: "Largest dataset that is uploaded. Whoever leads the controllers reads it into memory.",
    }),
    submitMiB: z.int32().min(1).max(1024).default(16).meta({
      description: "Largest request that brings a job with its rows: it is held in memory.",
    }),
    bodies: z.int32().min(1).max(1024).default(16).meta({
      description: "Bodies that are read at once; beyond it 503, and the caller tries again.",
    }),
    traceMiB: z.int32().min(1).max(65_536).default(32).meta({
      description:
        "Bodies of trainers' calls and grade requests that are held at once, half of it for one environment at most; what comes beyond it waits. As much again is remembered of traces' logs. Memory goes up by about ten times as much at most.",
    }),
    streams: z.int32().min(1).max(65_536).default(256).meta({
      description: "Results and logs that are sent at once; beyond it 503, and the caller tries again.",
    }),
  })
  .prefault({})
  .meta({ description: "What one process takes at most." });

/** The configuration file of a gateway process. The NATS password comes from the environment variable NATS_PASSWORD. */
export const gatewayConfigSchema = z.strictObject({
  nats: z.strictObject(natsFields("gateway")).meta({ description: "The message bus." }),
  kubeconfig: z.string().min(1).optional().meta({
    description:
      "A kubeconfig file, for a gateway outside of the cluster; else KUBECONFIG, else the pod's service account.",
  }),
  listen: z
    .strictObject({
      host: z.string().min(1).default("0.0.0.0").meta({ description: "Address to listen on." }),
      port: z
        .int32()
        .min(0)
        .max(65_535)
        .default(8080)
        .meta({ description: "Port of the HTTP API; 0 takes a free one." }),
    })
    .prefault({})
    .meta({ description: "Where the HTTP API is served." }),
  limits: limitsSchema,
  authorization: z
    .strictObject({
      keepSeconds: z.int32().min(0).max(300).default(30).meta({
        description: "How long the cluster's yes to a token and a right is kept; 0 asks each time.",
      }),
    })
    .prefault({})
    .meta({ description: "Who may do what is the cluster's to say." }),
  drainSeconds: z.int32().min(0).max(3600).default(20).meta({
    description:
      "After SIGTERM, the time that uploads and trainers' calls have to end; results and logs are told to go on elsewhere.",
  }),
  metrics: metricsConfigSchema,
});

/** See {@link gatewayConfigSchema}. */
export type GatewayConfig = z.output<typeof gatewayConfigSchema>;
