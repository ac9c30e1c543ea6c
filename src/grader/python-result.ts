import { z } from "zod";
import { RollyardError } from "../errors/rollyard-error.ts";
import { plainScore } from "./scorer.ts";
import type { Score } from "./scorer.ts";

const line = z.number().nullable();
const kindName = z.string().max(64);

const resultSchema = z.intersection(
  z.object({ nonce: z.string() }),
  z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("score"), score: z.number() }),
    z.object({ kind: z.literal("raised"), type: kindName, line }),
    z.object({ kind: z.literal("source_error"), type: kindName, line }),
    z.object({ kind: z.literal("import_missing"), package: z.string().regex(/^\w{1,100}$/) }),
    z.object({ kind: z.literal("no_function") }),
    z.object({ kind: z.literal("no_number") }),
    z.object({ kind: z.literal("out_of_memory") }),
  ]),
);

/** What the runner wrote. */
export type PythonResult = z.output<typeof resultSchema>;

/** Reads the runner's result; null when it is not the runner's own, judged by the nonce and its shape. */
export function readPythonResult(bytes: Uint8Array | null, nonce: string): PythonResult | null {
  if (bytes === null) return null;
  try {
    const parsed = resultSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return parsed.success && parsed.data.nonce === nonce ? parsed.data : null;
  } catch {
    return null;
  }
}

/**
 * What a result means. An exception of `grade` is a score of 0 with flag `python_grader_runtime_error`, as OpenAI has
 * it. Throws class config for a source that can never work, `grader_bad_answer` for a value that is no finite
 * number and `grader_failed` when memory ran out.
 */
export function scoreOfPythonResult(name: string, result: PythonResult): Score {
  switch (result.kind) {
    case "score":
      return plainScore(result.score);
    case "raised":
      return runtimeError(result);
    case "import_missing":
      throw importMissing(name, result.package);
    case "source_error":
      throw configError(name, `its source can't be loaded: ${place(result)}`);
    case "no_function":
      throw configError(name, "its source defines no function grade(sample, item)");
    case "no_number":
      throw failure("grader_bad_answer", name, "returned no finite number");
    case "out_of_memory":
      throw failure("grader_failed", name, "ran out of memory");
  }
}

/** An error of a run of python that left no score. */
export function failure(
  code: "grader_failed" | "grader_bad_answer",
  name: string,
  what: string,
): RollyardError {
  return new RollyardError(code, {
    message: `Grader "${name}" ${what}.`,
    details: { grader: "python" },
  });
}

/** An error of the spec: it fails every rollout alike. */
export function configError(name: string, what: string): RollyardError {
  return new RollyardError("grader_config_error", {
    message: `Grader "${name}": ${what}.`,
    details: { grader: "python" },
  });
}

function runtimeError(raised: { readonly type: string; readonly line: number | null }): Score {
  return {
    reward: 0,
    flags: ["python_grader_runtime_error"],
    errors: {
      python_grader_runtime_error: true,
      python_grader_runtime_error_details: place(raised),
    },
  };
}

function place({ type, line: at }: { readonly type: string; readonly line: number | null }): string {
  return at === null ? type : `${type} at line ${at}`;
}

function importMissing(name: string, missing: string): RollyardError {
  return new RollyardError("grader_import_missing", {
    message: `Grader "${name}" imports "${missing}", which its runtime lacks; add it to spec.graderRuntime.`,
    details: { grader: "python", package: missing },
  });
}
