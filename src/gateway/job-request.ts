import { createHash } from "node:crypto";
import { z } from "zod";
import { checkSchema } from "../config/schema-problems.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { rolloutJobSpecSchema } from "../job/rollout-job.ts";
import type { RolloutJobSpec } from "../job/rollout-job.ts";
import type { JsonObject } from "../lib/json.ts";
import { dnsLabelSchema } from "../lib/schema/names.ts";
import { pathText } from "../lib/schema/path-text.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";

/** What a trainer sends: a job as a RolloutJob's `spec` has it, with the rows beside it. */
export const jobRequestSchema = z.strictObject({
  name: dnsLabelSchema.optional().meta({
    description: "Of the job. Send the same request again with the same name, and there is still one job.",
  }),
  labels: z.record(z.string(), z.string()).optional().meta({ description: "Labels of the job." }),
  spec: z.record(z.string(), z.unknown()).meta({
    description: "`spec` of a RolloutJob, without `dataset`; `policyVersion` is echoed into every result.",
  }),
  rows: z
    .array(z.record(z.string(), z.unknown()))
    .min(1)
    .meta({ description: "The dataset's rows, one an item." }),
});

/** A job to be made. */
export interface NewJob {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** With `dataset.blob`. */
  readonly spec: RolloutJobSpec;
  /** The rows as JSONL. */
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly rows: number;
}

/** Problems that an answer names; the rest is only counted. */
const SHOWN_PROBLEMS = 10;

/** Reads a request's body; `newName` is taken when it names none. Throws `bad_input` with all problems by their path. */
export function readJobRequest(body: unknown, newName: () => string): NewJob {
  const checked = checkSchema(jobRequestSchema, body);
  if (!checked.ok) throw refused(checked.problems);
  const { name = newName(), labels = {}, spec, rows } = checked.value;
  if (spec["dataset"] !== undefined) {
    throw refused([{ path: ["spec", "dataset"], message: "must be absent: the rows are in `rows`" }]);
  }
  const bytes = new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const whole = checkSchema(rolloutJobSpecSchema, { ...(spec as JsonObject), dataset: { blob: { sha256 } } });
  if (!whole.ok) {
    throw refused(whole.problems.map(({ path, message }) => ({ path: ["spec", ...path], message })));
  }
  return { name, labels, spec: whole.value, bytes, sha256, rows: rows.length };
}

function refused(problems: readonly SpecProblem[]): RollyardError {
  const shown = problems
    .slice(0, SHOWN_PROBLEMS)
    .map(({ path, message }) => `${path.length === 0 ? "The body" : pathText(path)} ${message}.`);
  const more = problems.length - shown.length;
  return new RollyardError("bad_input", {
    message: [...shown, ...(more > 0 ? [`And ${more} more.`] : [])].join(" "),
  });
}
