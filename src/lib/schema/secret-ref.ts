import { z } from "zod";
import { configKeySchema, dnsSubdomainSchema } from "./names.ts";

/** Names one key of a Secret in the same namespace; locally of a `Secret` document or of `--secret NAME/KEY=…`. */
export const secretKeyRefSchema = z.strictObject({
  name: dnsSubdomainSchema.meta({ description: "Name of the Secret, in the same namespace." }),
  key: configKeySchema.meta({ description: "Key inside the Secret." }),
});

/** See {@link secretKeyRefSchema}. */
export type SecretKeyRef = z.output<typeof secretKeyRefSchema>;

/** Names a whole Secret in the same namespace. */
export const secretRefSchema = z.strictObject({
  name: dnsSubdomainSchema.meta({ description: "Name of the Secret, in the same namespace." }),
});

/** See {@link secretRefSchema}. */
export type SecretRef = z.output<typeof secretRefSchema>;
