import { RollyardError } from "../errors/rollyard-error.ts";

/** Whether an error is one of a sandbox. */
export function isSandboxFailure(error: unknown): error is RollyardError {
  return error instanceof RollyardError && error.code.startsWith("sandbox_");
}

/** The agent is done and its log is whole: a clean sandbox that fails a grader costs no attempt of the agent. */
export function asGraderFailure(
  grader: { readonly name: string; readonly type: string },
  error: unknown,
): unknown {
  if (!isSandboxFailure(error)) return error;
  return new RollyardError("grader_failed", {
    message: `The sandbox of grader "${grader.name}" failed: ${error.message}`,
    details: { ...error.details, grader: grader.type, failed: error.code },
    cause: error,
  });
}
