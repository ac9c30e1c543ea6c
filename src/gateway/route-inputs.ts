import { z } from "zod";
import { checkSchema } from "../config/schema-problems.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { dnsLabelSchema } from "../lib/schema/names.ts";
import { pathText } from "../lib/schema/path-text.ts";
import { parseRolloutPlace } from "../rollout/ids.ts";
import type { LogsQuery } from "./read-logs.ts";
import type { ResultsQuery } from "./read-results.ts";

const namespaceSchema = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "must be the name of a namespace");

const flagSchema = z
  .enum(["true", "false"])
  .default("false")
  .transform((text) => text === "true");

const cursorSchema = z
  .string()
  .regex(/^\d{1,15}$/, "must be a line's cursor")
  .default("0")
  .transform(Number);

/** The path of a namespace's jobs. */
export const namespacePathSchema = z.strictObject({ namespace: namespaceSchema });

/** The path of one job, or one environment. */
export const jobPathSchema = z.strictObject({ namespace: namespaceSchema, name: dnsLabelSchema });

/** The query of an upload. */
export const datasetQuerySchema = z.strictObject({
  /** Of the job that is meant: one of the same name that was made since is another. */
  uid: z.string().optional(),
  copyFrom: dnsLabelSchema.optional(),
});

/** The query of results, read into what is asked for. */
export const resultsQuerySchema = z.strictObject({
  follow: flagSchema,
  after: cursorSchema,
  by: z.enum(["rollout", "group"]).default("rollout"),
  trajectories: flagSchema,
  attempts: flagSchema,
}) satisfies z.ZodType<ResultsQuery>;

/** The query of a served environment's results: it has no end to follow to, its rollouts have one attempt each and no groups. */
export const tracesQuerySchema = z.strictObject({
  after: cursorSchema,
  trajectories: flagSchema,
}) satisfies z.ZodType<Pick<ResultsQuery, "after" | "trajectories">>;

const logsQuerySchema = z.strictObject({
  follow: flagSchema,
  after: cursorSchema,
  rollout: z.string().optional(),
  texts: flagSchema,
});

/** Reads the query of logs. Throws `bad_input`. */
export function readLogsQuery(query: unknown): LogsQuery {
  const { rollout, ...rest } = readInput(logsQuerySchema, query);
  if (rollout === undefined) return { ...rest, rollout: null };
  const place = parseRolloutPlace(rollout);
  if (place !== null) return { ...rest, rollout: place };
  throw new RollyardError("bad_input", {
    message: "rollout must be a rollout's id, or <item>-<sample> such as 3-1.",
  });
}

/** Reads a part of a request. Throws `bad_input` with a sentence for each problem. */
export function readInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const plain = { ...(value as object) };
  const checked = checkSchema(schema, plain);
  if (checked.ok) return checked.value;
  const sentences = checked.problems.map(({ path, message }) => `${pathText(path)} ${message}.`);
  throw new RollyardError("bad_input", { message: sentences.join(" ") });
}
