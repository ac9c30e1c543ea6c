import { z } from "zod";
import { joinedStoreField, metricsConfigSchema, natsFields } from "../../src/config/service-config-parts.ts";

/** The configuration file of a grader process. The NATS password comes from the environment variable NATS_PASSWORD. */
export const graderConfigSchema = z.strictObject({
  nats: z
    .strictObject({ ...natsFields("grader"), ...joinedStoreField })
    .meta({ description: "The message bus." }),
  concurrency: z.int32().min(1).max(1024).default(32).meta({ description: "Gradings at once." }),
  metrics: metricsConfigSchema,
});

/** See {@link graderConfigSchema}. */
export type GraderConfig = z.output<typeof graderConfigSchema>;
