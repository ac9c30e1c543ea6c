import { z } from "zod";

/** The configuration file of a worker process. The NATS password comes from the environment variable NATS_PASSWORD. */
export const workerConfigSchema = z.strictObject({
  nats: z
    .strictObject({
      servers: z
        .array(z.string().regex(/^[^\s:/]+:\d+$/, "must be host:port"))
        .min(1)
        .meta({ description: "`host:port` of each NATS server." }),
      user: z.string().min(1).default("worker").meta({ description: "The worker's NATS user." }),
    })
    .meta({ description: "The message bus." }),
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, '_' or '-'")
    .optional()
    .meta({ description: "Unique among live workers; by default made at random." }),
  slots: z.int32().min(1).max(10_000).default(256).meta({ description: "Rollouts at once." }),
  metrics: z
    .strictObject({
      host: z.string().min(1).default("0.0.0.0").meta({ description: "Address to listen on." }),
      port: z.int32().min(0).max(65_535).default(9090).meta({ description: "Port; 0 takes a free one." }),
    })
    .prefault({})
    .meta({ description: "Where /metrics, /healthz and /readyz are served." }),
});

/** See {@link workerConfigSchema}. */
export type WorkerConfig = z.output<typeof workerConfigSchema>;
