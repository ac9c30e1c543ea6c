import { readFileSync } from "node:fs";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import type { ChatToolCall } from "../../../src/model/port.ts";

/** A grader block of the shape that OpenAI's documentation shows, and what it makes of one answer. */
export interface OpenAiGrader {
  readonly name: string;
  /** Where a block of this shape is documented. */
  readonly source: string;
  readonly grader: JsonObject;
  readonly item: JsonObject;
  readonly output: string;
  readonly json?: JsonValue;
  readonly tools?: readonly ChatToolCall[];
  /** What the judge model says. */
  readonly judge?: string;
  /** What the endpoint answers. */
  readonly endpoint?: string;
  /** The judge's embeddings. */
  readonly embeddings?: readonly (readonly number[])[];
  /** What of OpenAI's runtime it imports. */
  readonly packages?: readonly string[];
  readonly reward?: number;
  /** Part of the sentence that validation refuses it with. */
  readonly refused?: string;
}

/** The blocks of test/fixtures/openai-graders.json. */
export const OPENAI_GRADERS = JSON.parse(
  readFileSync(new URL("../../fixtures/openai-graders.json", import.meta.url), "utf8"),
) as readonly OpenAiGrader[];
