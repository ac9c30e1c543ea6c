import { z } from "zod";

/** The configuration file of a grader process. The NATS password comes from the environment variable NATS_PASSWORD. */
export const graderConfigSchema = z.strictObject({
  nats: z
    .strictObject({
      servers: z
        .array(z.string().regex(/^[^\s:/]+:\d+$/, "must be host:port"))
        .min(1)
        .meta({ description: "`host:port` of each NATS server." }),
      user: z.string().min(1).default("grader").meta({ description: "The grader's NATS user." }),
    })
    .meta({ description: "The message bus." }),
  concurrency: z.int32().min(1).max(1024).default(32).meta({ description: "Gradings at once." }),
  metrics: z
    .strictObject({
      host: z.string().min(1).default("0.0.0.0").meta({ description: "Address to listen on." }),
      port: z.int32().min(0).max(65_535).default(9090).meta({ description: "Port; 0 takes a free one." }),
    })
    .prefault({})
    .meta({ description: "Where /metrics, /healthz and /readyz are served." }),
});

/** See {@link graderConfigSchema}. */
export type GraderConfig = z.output<typeof graderConfigSchema>;
