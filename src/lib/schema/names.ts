import { z } from "zod";

/** The longest name of an object of ours: leaves room for the suffixes of what is made from it (63 is a label's limit). */
export const MAX_NAME_LENGTH = 52;

/** A DNS label of at most {@link MAX_NAME_LENGTH} characters: the name of an Environment or a RolloutJob. */
export const dnsLabelSchema = z
  .string()
  .max(MAX_NAME_LENGTH, `must have at most ${MAX_NAME_LENGTH} characters`)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    "must be a DNS label: lower-case letters, digits and '-', beginning and ending with a letter or digit",
  );

/** A DNS subdomain name: the name of a Secret, a ConfigMap or another object of the cluster. */
export const dnsSubdomainSchema = z
  .string()
  .max(253, "must have at most 253 characters")
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    "must be a DNS name: lower-case letters, digits, '-' and '.'",
  );

/** A key of a Secret or a ConfigMap, by Kubernetes' rule. */
export const configKeySchema = z
  .string()
  .max(253, "must have at most 253 characters")
  .regex(/^[-._a-zA-Z0-9]+$/, "must be made of letters, digits, '-', '_' and '.'");

/** The name of an environment variable. */
export const ENV_NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*$/;
