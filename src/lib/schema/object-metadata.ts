import { z } from "zod";

const ignored = (): z.ZodOptional<z.ZodUnknown> =>
  z.unknown().optional().meta({ description: "Written by the API server; accepted and ignored in files." });

/**
 * `metadata` of a Kubernetes object, with the given rule for its name. The keys that the API server adds are
 * accepted, so that the output of `kubectl get -o yaml` is valid input; anything else is a typing error.
 */
export function objectMetadataSchema<Name extends z.ZodType<string>>(nameSchema: Name) {
  return z.strictObject({
    name: nameSchema.meta({
      description: "Name of the object, unique within its kind and namespace.",
    }),
    namespace: z
      .string()
      .optional()
      .meta({ description: "Namespace, `default` when absent; references reach their own namespace only." }),
    labels: z.record(z.string(), z.string()).optional().meta({ description: "Labels." }),
    annotations: z.record(z.string(), z.string()).optional().meta({ description: "Annotations." }),
    uid: ignored(),
    resourceVersion: ignored(),
    generation: ignored(),
    creationTimestamp: ignored(),
    deletionTimestamp: ignored(),
    deletionGracePeriodSeconds: ignored(),
    finalizers: ignored(),
    ownerReferences: ignored(),
    managedFields: ignored(),
    selfLink: ignored(),
  });
}
