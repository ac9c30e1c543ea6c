import { z } from "zod";
import { ALWAYS_CHECK, exactlyOneProblem } from "../lib/schema/cross-field.ts";
import { httpUrlSchema } from "../lib/schema/http-url.ts";
import { configKeySchema, dnsSubdomainSchema } from "../lib/schema/names.ts";

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256: 64 lower-case hex digits");

/** The fields of `spec.dataset` of which exactly one is given. */
export const DATASET_SOURCES = ["inline", "file", "url", "configMap", "blob"] as const;

/** `spec.dataset` of a RolloutJob: where the items come from. */
export const datasetSpecSchema = z
  .strictObject({
    inline: z
      .array(z.record(z.string(), z.unknown()))
      .optional()
      .meta({ description: "The rows themselves." }),
    file: z.string().min(1).optional().meta({
      description: "A JSONL file, relative to this one. Only for local runs.",
    }),
    url: httpUrlSchema.optional().meta({ description: "A JSONL file behind http(s); needs `sha256`." }),
    sha256: sha256Schema.optional().meta({ description: "SHA-256 of the bytes behind `url`." }),
    configMap: z
      .strictObject({
        name: dnsSubdomainSchema.meta({ description: "Name of the ConfigMap." }),
        key: configKeySchema.meta({ description: "Key that holds the JSONL." }),
      })
      .optional()
      .meta({ description: "A key of a ConfigMap in the same namespace." }),
    blob: z
      .strictObject({
        sha256: sha256Schema.meta({ description: "SHA-256 of the uploaded bytes." }),
      })
      .optional()
      .meta({ description: "An uploaded JSONL file. Only on a cluster." }),
    limit: z.int32().min(1).optional().meta({ description: "Takes only the first rows." }),
  })
  .superRefine((dataset, context) => {
    const problem = exactlyOneProblem(dataset, DATASET_SOURCES);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    const lonely = dataset.url === undefined ? dataset.sha256 !== undefined : dataset.sha256 === undefined;
    if (!lonely) return;
    const message = dataset.url === undefined ? "belongs to `url`" : "is required beside `url`";
    context.addIssue({ code: "custom", path: ["sha256"], message });
  }, ALWAYS_CHECK);

/** See {@link datasetSpecSchema}. */
export type DatasetSpec = z.output<typeof datasetSpecSchema>;
