import { z } from "zod";

/** Fields of a service's `nats`: where the bus is, and the NATS user, by default the one of the service's name. */
export function natsFields(service: "controller" | "worker" | "grader" | "gateway") {
  return {
    servers: z
      .array(z.string().regex(/^[^\s:/]+:\d+$/, "must be host:port"))
      .min(1)
      .meta({ description: "`host:port` of each NATS server." }),
    user: z
      .string()
      .min(1)
      .default(service)
      .meta({ description: `The ${service}'s NATS user.` }),
  };
}

/** The field of `nats` with which a process joins a local run; it is on the run's own machine. */
export const joinedStoreField = {
  store: z.string().min(1).optional().meta({
    description:
      "The run's store, as its join.json names it: what a message stands on is on that disk before the message is sent.",
  }),
};

/** Where a service is watched. */
export const metricsConfigSchema = z
  .strictObject({
    host: z.string().min(1).default("0.0.0.0").meta({ description: "Address to listen on." }),
    port: z.int32().min(0).max(65_535).default(9090).meta({ description: "Port; 0 takes a free one." }),
  })
  .prefault({})
  .meta({ description: "Where /metrics, /healthz and /readyz are served." });
