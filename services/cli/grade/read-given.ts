import { readFile } from "node:fs/promises";
import path from "node:path";
import { checkSchema } from "../../../src/config/schema-problems.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { givenSampleSchema, sampleOfGiven, sampleOfText } from "../../../src/grader/given-sample.ts";
import type { Sample } from "../../../src/grader/sample.ts";
import { isJsonObject } from "../../../src/lib/json.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { pathText } from "../../../src/lib/schema/path-text.ts";

/** Fields by which an object is known as a sample, and not as an answer that is JSON. */
const SAMPLE_FIELDS = Object.keys(givenSampleSchema.shape);

/**
 * A sample from a file: a JSON object with fields of `sample`, a JSON string with the answer, or else the answer itself.
 * Throws `bad_input`.
 */
export async function readSample(
  file: string,
  options: { readonly cwd: string; readonly hasResponseFormat: boolean },
): Promise<Sample> {
  const text = await readText(file, options.cwd, "--sample");
  const value = parseOrUndefined(text);
  if (typeof value === "string") return sampleOfText(value, options);
  const isSample = isJsonObject(value) && Object.keys(value).some((key) => SAMPLE_FIELDS.includes(key));
  if (!isSample) return sampleOfText(text, options);
  const checked = checkSchema(givenSampleSchema, value);
  if (checked.ok) return sampleOfGiven(checked.value, options);
  const sentences = checked.problems.map(({ path: at, message }) => `${pathText(at)} ${message}.`);
  throw new RollyardError("bad_input", { message: `--sample: ${sentences.join(" ")}` });
}

/** A dataset row from a file with one JSON object. Throws `bad_input`. */
export async function readItem(file: string, cwd: string): Promise<JsonObject> {
  const value = parseOrUndefined(await readText(file, cwd, "--item"));
  if (isJsonObject(value)) return value;
  throw new RollyardError("bad_input", { message: `--item: ${file} does not hold one JSON object.` });
}

async function readText(file: string, cwd: string, flag: string): Promise<string> {
  try {
    return await readFile(path.resolve(cwd, file), "utf8");
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
    const why = code === "ENOENT" ? "there is no such file" : `it can't be read (${code})`;
    throw new RollyardError("bad_input", { message: `${flag}: ${file}: ${why}.` });
  }
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
