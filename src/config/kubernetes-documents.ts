import { z } from "zod";
import { configKeySchema, dnsSubdomainSchema } from "../lib/schema/names.ts";
import { objectMetadataSchema } from "../lib/schema/object-metadata.ts";

const base64Schema = z
  .string()
  .regex(/^[A-Za-z0-9+/\s]*={0,2}\s*$/, "must be base64; plain text goes into stringData");

/** A `Secret` document, as far as local runs need it. */
export const secretDocumentSchema = z.strictObject({
  apiVersion: z.literal("v1").meta({ description: "Always v1." }),
  kind: z.literal("Secret").meta({ description: "The kind." }),
  metadata: objectMetadataSchema(dnsSubdomainSchema).meta({ description: "Name and labels." }),
  type: z.string().optional().meta({ description: "Ignored." }),
  immutable: z.boolean().optional().meta({ description: "Ignored." }),
  data: z.record(configKeySchema, base64Schema).default({}).meta({ description: "Values in base64." }),
  stringData: z.record(configKeySchema, z.string()).default({}).meta({
    description: "Values as plain text; wins over `data`.",
  }),
});

/** See {@link secretDocumentSchema}. */
export type SecretDocument = z.output<typeof secretDocumentSchema>;

/** A `ConfigMap` document, as far as local runs need it. */
export const configMapDocumentSchema = z.strictObject({
  apiVersion: z.literal("v1").meta({ description: "Always v1." }),
  kind: z.literal("ConfigMap").meta({ description: "The kind." }),
  metadata: objectMetadataSchema(dnsSubdomainSchema).meta({ description: "Name and labels." }),
  immutable: z.boolean().optional().meta({ description: "Ignored." }),
  data: z.record(configKeySchema, z.string()).default({}).meta({ description: "Values as text." }),
  binaryData: z.record(configKeySchema, base64Schema).default({}).meta({ description: "Values in base64." }),
});

/** See {@link configMapDocumentSchema}. */
export type ConfigMapDocument = z.output<typeof configMapDocumentSchema>;
