import type { JsonObject } from "../../../src/lib/json.ts";

/** The lines of an answer as they come; ends, without an error, when the connection does. */
export async function* readLines(response: Response): AsyncGenerator<JsonObject, void, undefined> {
  let rest = "";
  const decoder = new TextDecoder();
  try {
    for await (const part of response.body ?? []) {
      const lines = `${rest}${decoder.decode(part as Uint8Array, { stream: true })}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line) as JsonObject;
    }
  } catch {
    // Cut off: what came whole was given.
  }
}

/** All lines of an answer. */
export async function allLines(response: Response): Promise<readonly JsonObject[]> {
  const lines: JsonObject[] = [];
  for await (const line of readLines(response)) lines.push(line);
  return lines;
}
