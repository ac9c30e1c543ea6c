import { isJsonObject } from "../lib/json.ts";
import { countField, numbersField, objectField, objectsField } from "./read-fields.ts";

/** Vectors in the order of the texts that they stand for. */
export interface Embeddings {
  readonly vectors: readonly (readonly number[])[];
  readonly promptTokens: number;
}

/**
 * Reads the body of `POST /embeddings`; null when it does not hold a vector for each text.
 * Wire format: https://platform.openai.com/docs/api-reference/embeddings/object
 */
export function readEmbeddings(body: unknown, texts: number): Embeddings | null {
  if (!isJsonObject(body)) return null;
  const rows = objectsField(body, "data").toSorted(
    (left, right) => countField(left, "index") - countField(right, "index"),
  );
  const vectors = rows.map((row) => numbersField(row, "embedding"));
  if (vectors.length !== texts || vectors.some((vector) => vector.length === 0)) return null;
  return { vectors, promptTokens: countField(objectField(body, "usage"), "prompt_tokens") };
}
