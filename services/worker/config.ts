import { z } from "zod";
import { joinedStoreField, metricsConfigSchema, natsFields } from "../../src/config/service-config-parts.ts";

/** The configuration file of a worker process. The NATS password comes from the environment variable NATS_PASSWORD. */
export const workerConfigSchema = z.strictObject({
  nats: z
    .strictObject({ ...natsFields("worker"), ...joinedStoreField })
    .meta({ description: "The message bus." }),
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, '_' or '-'")
    .optional()
    .meta({ description: "Unique among live workers; by default made at random." }),
  slots: z.int32().min(1).max(10_000).default(256).meta({ description: "Rollouts at once." }),
  metrics: metricsConfigSchema,
});

/** See {@link workerConfigSchema}. */
export type WorkerConfig = z.output<typeof workerConfigSchema>;
