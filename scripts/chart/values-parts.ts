import { z } from "zod";

/** What the values say of one service's pods: its replicas' default, its resources, and fields of its own. */
export interface ServiceDefaults {
  readonly replicas: number;
  readonly resources: Resources;
  /** Settings of the service's configuration file that are the user's. */
  readonly config: z.ZodType;
}

/** Kubernetes' `resources` of a container. */
export interface Resources {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

const quantities = z.record(z.string(), z.union([z.string(), z.number()]));
const anything = z.looseObject({});
const texts = z.record(z.string(), z.string());

/** `resources` of a container; keys that are left out keep the chart's. */
export function resourcesField({ requests, limits }: Resources) {
  return z
    .strictObject({
      requests: quantities.default(requests).meta({ description: "What is kept free for it." }),
      limits: quantities.default(limits).meta({ description: "What it can't exceed." }),
    })
    .meta({ description: "Its container's resources." });
}

/** Where pods go, and what they carry. */
export function placementFields() {
  return {
    podAnnotations: texts.default({}).meta({ description: "Annotations of its pods." }),
    podLabels: texts.default({}).meta({ description: "More labels of its pods." }),
    nodeSelector: texts.default({}).meta({ description: "Labels of the nodes that it runs on." }),
    tolerations: z.array(anything).default([]).meta({ description: "Taints that it puts up with." }),
    affinity: anything.default({}).meta({ description: "Its pods' affinity." }),
    topologySpreadConstraints: z
      .array(anything)
      .default([])
      .meta({ description: "How its pods are spread; by default no two on one node, if that can be." }),
    priorityClassName: z.string().default("").meta({ description: "Its pods' priority class." }),
  };
}

/** The fields of a service that is a Deployment. */
export function serviceFields({ replicas, resources, config }: ServiceDefaults) {
  return {
    replicas: z.int32().min(0).default(replicas).meta({ description: "How many processes." }),
    config,
    resources: resourcesField(resources),
    extraEnv: z
      .array(anything)
      .default([])
      .meta({ description: "More environment variables of its container, such as a proxy's." }),
    podDisruptionBudget: z
      .strictObject({
        enabled: z.boolean().default(true).meta({ description: "Whether evictions go one by one." }),
      })
      .meta({ description: "What the draining of nodes may take at once." }),
    ...placementFields(),
  };
}

/** An image: its repository, required unless it has a default, and its tag. */
export function imageFields(
  repository: z.ZodType,
  tag: { readonly byDefault: string; readonly meaning: string },
) {
  return {
    repository,
    tag: z.string().default(tag.byDefault).meta({ description: tag.meaning }),
    pullPolicy: z
      .enum(["Always", "IfNotPresent", "Never"])
      .default("IfNotPresent")
      .meta({ description: "When the node asks the registry." }),
  };
}
