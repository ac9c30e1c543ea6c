import { withFacts } from "../errors/rollyard-error.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import type { ExecResult, SandboxSession } from "../sandbox/port.ts";
import type { GradeDeps, GradeInput } from "./port.ts";
import { configError, failure, readPythonResult, scoreOfPythonResult } from "./python-result.ts";
import { PYTHON_RUNNER } from "./python-runner.ts";
import { asGraderFailure } from "./sandbox-failure.ts";
import type { SubGraderSpec } from "./schema.ts";
import type { Score, Scorer } from "./scorer.ts";

/** Spec of a `python` grader. */
export type PythonSpec = Extract<SubGraderSpec, { type: "python" }>;

/** OpenAI's limits of a python grader. */
const MAX_RUN_MS = 120_000;
const MAX_SOURCE_BYTES = 256_000;

const MAX_RESULT_BYTES = 4096;
/** What the source prints is thrown away. */
const MAX_OUTPUT_BYTES = 1024;

/**
 * Runs the author's `grade(sample, item)` in a clean sandbox, once. Every run has its own folder and its own call
 * ids, for a run may be repeated at will. Throws as {@link scoreOfPythonResult}; `grader_failed` for a run that left no result
 * (time limit, crash, sandbox lost) and `grader_config_error` where there is no python.
 */
export function compilePython(spec: PythonSpec): Scorer {
  if (Buffer.byteLength(spec.source) > MAX_SOURCE_BYTES) {
    throw configError(spec.name, `its source is larger than ${MAX_SOURCE_BYTES} bytes`);
  }
  return {
    name: spec.name,
    type: spec.type,
    score: (input, deps) => scoreOnce(spec, input, deps),
  };
}

async function scoreOnce(spec: PythonSpec, input: GradeInput, deps: GradeDeps): Promise<Score> {
  try {
    return await deps.cleanSandbox.use("shared", deps.signal, (session) => runIn(session, spec, input, deps));
  } catch (error) {
    throw asGraderFailure(spec, error);
  }
}

async function runIn(
  session: SandboxSession,
  spec: PythonSpec,
  input: GradeInput,
  deps: GradeDeps,
): Promise<Score> {
  const nonce = deps.nonce();
  const callId = `${input.attempt.rolloutId}/${input.attempt.attempt}/grade/${nonce}`;
  const folder = `.rollyard-grade/${nonce}`;
  const { sample, item } = input;
  const job = JSON.stringify({ nonce, source: spec.source, sample, item });
  await session.writeFile(`${folder}/runner.py`, encode(PYTHON_RUNNER), `${callId}/runner`);
  await session.writeFile(`${folder}/input.json`, encode(job), `${callId}/input`);
  const run = await session.exec(
    {
      callId,
      // -I: neither environment nor folder decides what is imported; -B: no bytecode files.
      argv: ["python3", "-I", "-B", "-X", "utf8", "runner.py"],
      cwd: folder,
      timeoutMs: Math.min(MAX_RUN_MS, deps.timeLimitMs),
      maxOutputBytes: MAX_OUTPUT_BYTES,
    },
    deps.signal,
  );
  deps.spend(run.durationMs);
  const result = readPythonResult(await session.readFile(`${folder}/result.json`, MAX_RESULT_BYTES), nonce);
  if (result === null) throw noResult(spec.name, run);
  return scoreOfPythonResult(spec.name, result);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Why a run left no result. None of it is known to be the sample's doing, so none of it is a score. */
function noResult(name: string, run: ExecResult): RollyardError {
  const { exitCode, signal, durationMs } = run;
  if (exitCode === 127) return configError(name, "there is no python3 in its sandbox");
  const facts = { exit_code: exitCode, duration_ms: durationMs, ...(signal === "" ? {} : { signal }) };
  if (run.timedOut) return withFacts(failure("grader_failed", name, "ran into its time limit"), facts);
  if (run.outOfMemory) return withFacts(failure("grader_failed", name, "ran out of memory"), facts);
  return withFacts(failure("grader_failed", name, "ended without a result"), facts);
}
