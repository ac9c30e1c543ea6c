import { z } from "zod";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { JsonObject } from "../lib/json.ts";
import type { TraceCall } from "./trace-state.ts";

/** Most bytes of a request and of an answer: 1 MB each way by the contract. */
export const MAX_BODY_BYTES = 1_000_000;
/** Most characters of a `trace_id`. */
export const MAX_TRACE_ID = 128;
/** A platform gives up after ten minutes: before that it is told to ask again. */
export const ANSWER_WITHIN_MS = 570_000;

const NO_CONTROLS = /^[^\p{Cc}]*$/u;

const idSchema = (most: number) =>
  z
    .string({ error: ({ input }) => (input === undefined ? "is missing" : "must be a text") })
    .min(1, "must not be empty")
    .max(most, `must have at most ${most} characters`)
    .regex(NO_CONTROLS, "must have no control characters");

const itemSchema = z
  .record(z.string(), z.unknown(), "must be an object")
  .default({}) as unknown as z.ZodType<JsonObject>;

/**
 * The body of a tool call. Source: https://github.com/microsoft-foundry/fine-tuning (Demos/Agentic_RFT_PrivatePreview/README.md),
 * the Agent RFT contract; `arguments` may be an object too, and more keys than these may come.
 */
export const toolRequestSchema = z.object({
  type: z.string().optional(),
  id: z.string().max(1024, "must have at most 1024 characters").default(""),
  call_id: idSchema(1024),
  name: z.string().optional(),
  arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).default("{}"),
  trace_id: idSchema(MAX_TRACE_ID),
  item: itemSchema,
});

/** The body of a grade request, by the same contract. */
export const gradeRequestSchema = z.object({
  sample: z.record(z.string(), z.unknown(), {
    error: ({ input }) => (input === undefined ? "is missing" : "must be an object"),
  }) as unknown as z.ZodType<JsonObject>,
  item: itemSchema,
  trace_id: idSchema(MAX_TRACE_ID),
});

/** What a tool call is answered with. */
export interface ToolResponse {
  readonly type: "function_call_output";
  readonly call_id: string;
  readonly id: string;
  readonly output: string;
}

/** What a grade request is answered with. */
export interface GradeResponse {
  readonly score: number;
}

/** A tool call as it was read. */
export interface ReadCall {
  readonly traceId: string;
  readonly item: JsonObject;
  readonly call: TraceCall;
  /** Echoed. */
  readonly id: string;
}

/** Reads a tool call; the address has the tool's name. Throws `bad_input` with a sentence for each problem. */
export function readToolRequest(tool: string, body: unknown): ReadCall {
  const read = checked(toolRequestSchema, body);
  const { call_id: callId, trace_id: traceId, id, item, arguments: given } = read;
  const argumentsJson = typeof given === "string" ? given : JSON.stringify(given);
  return { traceId, item, id, call: { callId, name: tool, argumentsJson } };
}

/** Reads a grade request. Throws `bad_input`. */
export function readGradeRequest(body: unknown): {
  readonly traceId: string;
  readonly sample: JsonObject;
  readonly item: JsonObject;
} {
  const { trace_id: traceId, sample, item } = checked(gradeRequestSchema, body);
  return { traceId, sample, item };
}

function checked<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const sentences = result.error.issues.map(({ path, message }) => {
    if (path.length === 0) return "The body must be a JSON object.";
    return `${path.map(String).join(".")} ${message.startsWith("Invalid input") ? "is of the wrong type" : message}.`;
  });
  throw new RollyardError("bad_input", { message: sentences.join(" ") });
}
