import { z } from "zod";
import { ALWAYS_CHECK } from "../lib/schema/cross-field.ts";
import { dnsSubdomainSchema, ENV_NAME_PATTERN } from "../lib/schema/names.ts";
import { parseQuantity, quantitySchema } from "../lib/schema/quantity.ts";
import type { Quantity } from "../lib/schema/quantity.ts";
import { secretRefSchema } from "../lib/schema/secret-ref.ts";

const argvSchema = z.array(z.string()).min(1, "must name a command");

const quantitiesSchema = z.record(z.string(), quantitySchema);

const resourcesSchema = z
  .strictObject({
    requests: quantitiesSchema
      .default({ cpu: "250m", memory: "256Mi" })
      .meta({ description: "What the scheduler sets aside, as in a pod." }),
    limits: quantitiesSchema
      .default({ memory: "512Mi", "ephemeral-storage": "1Gi" })
      .meta({ description: "What the sandbox may use at most, as in a pod." }),
  })
  .superRefine((resources, context) => {
    for (const name of requestsOverLimits(resources.requests, resources.limits)) {
      context.addIssue({
        code: "custom",
        path: ["requests", name],
        message: `must not be more than resources.limits.${name}`,
      });
    }
  });

function requestsOverLimits(
  requests: Readonly<Record<string, Quantity>>,
  limits: Readonly<Record<string, Quantity>>,
): string[] {
  return Object.keys(requests).filter((name) => {
    const [request, limit] = [requests[name], limits[name]];
    return request !== undefined && limit !== undefined && parseQuantity(request) > parseQuantity(limit);
  });
}

/** No blanks outside of templates. */
const IMAGE_PATTERN = /^(\{\{[^{}]*\}\}|[^\s{])*$/;

/** `spec.sandbox` of an Environment: where the agent's tools run. */
export const sandboxSpecSchema = z
  .strictObject({
    image: z.string().min(1).optional().meta({
      // Said by a refinement below, and again for schemas that are made from this one.
      pattern: IMAGE_PATTERN.source,
      description:
        "Container image. Required on a cluster and by the docker launcher. It may be a template over the item, such as `{{ item.image }}`: each rollout then gets a sandbox of its own image, and none is kept warm.",
    }),
    local: z.string().min(1).optional().meta({
      description:
        "Folder, relative to this file, whose copy becomes the workdir under launchers that need no image.",
    }),
    workdir: z
      .string()
      .regex(/^\/[^\0]*$/, "must be an absolute path")
      .default("/workspace")
      .meta({ description: "Where tools run, inside the sandbox." }),
    setup: z.array(argvSchema).default([]).meta({
      description:
        "Commands, each a list of arguments, run once per sandbox before it counts as ready. One that fails is a failure of class `sandbox`, with the end of its output as evidence.",
    }),
    env: z
      .record(z.string().regex(ENV_NAME_PATTERN, "must be the name of an environment variable"), z.string())
      .default({})
      .meta({
        description: "Environment variables of every command. Plain values, never a secret.",
      }),
    network: z.enum(["none", "open"]).default("none").meta({
      description:
        "`none`, or `open`: the internet, but not the cluster, the node, the host's loopback or metadata addresses.",
    }),
    runtimeClassName: dnsSubdomainSchema.optional().meta({
      description: "Runtime class of the pod, for a boundary of VM grade such as gVisor.",
    }),
    resources: resourcesSchema.prefault({}).meta({ description: "Requests and limits, as in a pod." }),
    imagePullSecrets: z.array(secretRefSchema).optional().meta({ description: "As in a pod." }),
    imagePullPolicy: z
      .enum(["Always", "IfNotPresent", "Never"])
      .optional()
      .meta({ description: "As in a pod." }),
    readOnlyRoot: z.boolean().default(false).meta({
      description: "Makes the root file system read-only, for images whose workdir is a volume.",
    }),
    runAsUser: z.int32().min(0).default(1000).meta({ description: "User id of the agent's commands." }),
    pidsLimit: z.int32().min(1).default(256).meta({
      description: "Most processes at once, where the launcher or the node can enforce it.",
    }),
    warmReplicas: z.int32().min(0).default(0).meta({
      description: "Sandboxes kept ready ahead of need; the scale subresource points here.",
    }),
    maxStarting: z.int32().min(1).default(64).meta({ description: "Most sandboxes starting at once." }),
    startsPerSecond: z.int32().min(1).default(20).meta({ description: "Most sandboxes created per second." }),
    readySeconds: z.int32().min(1).default(300).meta({
      description: "A sandbox that is not ready after this many seconds has failed to start.",
    }),
    podTemplate: z.record(z.string(), z.unknown()).optional().meta({
      description:
        "Merged into the pod, for node selectors, tolerations and volumes; it can't weaken security.",
    }),
  })
  .superRefine((sandbox, context) => {
    if (typeof sandbox.image === "string" && !IMAGE_PATTERN.test(sandbox.image)) {
      const message = "must not contain blanks, but within {{ }}";
      context.addIssue({ code: "custom", path: ["image"], message });
    }
  }, ALWAYS_CHECK);

/** See {@link sandboxSpecSchema}. */
export type SandboxSpec = z.output<typeof sandboxSpecSchema>;

/** Whether the image is made from each rollout's item, so that no sandbox can be made ahead of one. */
export function hasItemImage({ image = "" }: Pick<SandboxSpec, "image">): boolean {
  return image.includes("{{");
}
