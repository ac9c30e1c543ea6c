import { objectOrEmpty, textOrUndefined } from "../lib/half-valid.ts";
import type { JsonObject } from "../lib/json.ts";

const MAX_CHARACTERS = 240;

/**
 * What the body of a refusal says is wrong, as one line without its last full stop; null when it says nothing. Takes
 * `{error: {code, message}}` and what common frameworks send: `{error}`, `{message}`, `{detail}`. Pure.
 */
export function saidError(body: JsonObject): string | null {
  const error = objectOrEmpty(body["error"]);
  const sentences = [error["message"], body["message"], body["detail"], body["error"]];
  const sentence = sentences.map(textOrUndefined).find((text) => text !== undefined);
  const parts = [textOrUndefined(error["code"]), sentence].filter((text) => text !== undefined);
  const line = parts.join(": ").replaceAll(/\s+/gu, " ").trim().replace(/\.$/u, "");
  if (line === "") return null;
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line;
}
