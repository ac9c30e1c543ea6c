import { z } from "zod";
import type { EnvironmentSpec } from "../environment/environment.ts";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { loneGradeInput, sampleOfText } from "../grader/given-sample.ts";
import { failedGraderRun, graderRun } from "../grader/grader-run.ts";
import type { GraderRun } from "../grader/grader-run.ts";
import type { GradeInput, GradeResult } from "../grader/port.ts";
import type { Clock } from "../lib/clock.ts";
import type { JsonObject } from "../lib/json.ts";
import { checkApiGrader } from "./check-api-grader.ts";

/** What the graders of an API may use. */
export interface GraderApiWorld {
  /** What stands around a grader that is run or checked: `spec` of an Environment, whole or in part. */
  readonly surroundings: (grader: unknown, purpose: "run" | "validate") => JsonObject;
  /** Rejects as a grader does; with class config for one that can't run here. */
  readonly grade: (spec: EnvironmentSpec, input: GradeInput, signal: AbortSignal) => Promise<GradeResult>;
  readonly clock: Pick<Clock, "monotonicMs">;
}

const runSchema = z.object({
  grader: z.record(z.string(), z.unknown()),
  model_sample: z.string(),
  item: z.record(z.string(), z.json()).nullish(),
  trace_id: z.string().nullish(),
});

const validateSchema = z.object({ grader: z.record(z.string(), z.unknown()) });

/**
 * The two calls of OpenAI's grader API, without HTTP. Both throw `bad_input` for what can't be used, details `param` naming the
 * field.
 * Source: https://platform.openai.com/docs/api-reference/graders
 */
export class GraderApi {
  readonly #world: GraderApiWorld;

  constructor(world: GraderApiWorld) {
    this.#world = world;
  }

  /** `POST /v1/fine_tuning/alpha/graders/validate`: the grader, when it can be used. */
  validate(body: unknown): { readonly grader: JsonObject } {
    const { grader } = readBody(validateSchema, body);
    checkApiGrader(grader, this.#world.surroundings(grader, "validate"));
    return { grader: grader as JsonObject };
  }

  /**
   * `POST /v1/fine_tuning/alpha/graders/run`. A grader that fails is an answer too: its reward is null, and a flag says why. What
   * no other sample would mend (class config) is refused.
   */
  async run(body: unknown, signal: AbortSignal): Promise<GraderRun> {
    const { clock, grade, surroundings } = this.#world;
    const { grader, model_sample: text, item, trace_id: traceId } = readBody(runSchema, body);
    const spec = checkApiGrader(grader, surroundings(grader, "run"));
    const sample = sampleOfText(text, { hasResponseFormat: true });
    const input = loneGradeInput(sample, item ?? {}, traceId ?? undefined);
    const startedMs = clock.monotonicMs();
    try {
      return graderRun(spec.grader, await grade(spec, input, signal));
    } catch (thrown) {
      const error = toRollyardError(thrown);
      if (error.failureClass === "internal" || isRefused(error)) throw error;
      return failedGraderRun(spec.grader, error, (clock.monotonicMs() - startedMs) / 1000);
    }
  }
}

/** A missing import has a flag of its own in OpenAI's answer. */
function isRefused({ code, failureClass }: RollyardError): boolean {
  return failureClass === "config" && code !== "grader_import_missing";
}

function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = issue?.path.map(String).join(".") ?? "";
  throw new RollyardError("bad_input", {
    message: param === "" ? "The body must be a JSON object." : `${param}: ${issue?.message ?? "is wrong"}.`,
    details: param === "" ? {} : { param },
  });
}
