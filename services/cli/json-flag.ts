import { InvalidArgumentError } from "commander";
import { isJsonObject } from "../../src/lib/json.ts";
import type { JsonObject } from "../../src/lib/json.ts";

/** Reads a flag's JSON object. */
export function jsonObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Told below, as any other value that is no object.
  }
  throw new InvalidArgumentError("must be a JSON object.");
}
