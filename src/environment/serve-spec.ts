import { z } from "zod";
import { secretKeyRefSchema } from "../lib/schema/secret-ref.ts";

/** `spec.serve`: whether and how the gateway serves an environment to a hosted trainer. */
export const serveSpecSchema = z.strictObject({
  enabled: z.boolean().default(false).meta({ description: "Whether the gateway serves this environment." }),
  authSecret: secretKeyRefSchema.optional().meta({
    description:
      "Keys that callers may send, one a line of the Secret's value; required on a cluster, without it a local `serve` makes one.",
  }),
  idleSeconds: z.int32().min(1).default(1800).meta({
    description: "A trace without a call for this many seconds is closed.",
  }),
  requestsPerSecond: z
    .int32()
    .min(1)
    .default(100)
    .meta({ description: "Requests per second that one gateway begins; what comes on top is held back." }),
  ttlSecondsAfterFinished: z.int32().min(0).default(604800).meta({
    description: "Seconds that a finished trace's records are kept.",
  }),
});
