import { RollyardError } from "../errors/rollyard-error.ts";

/** A grader's endpoint can't be had now; it is waited for. Details: HTTP status, `retryAfterMs`, reason. */
export function graderUnreachable(
  name: string,
  details: Readonly<Record<string, string | number>>,
): RollyardError {
  return new RollyardError("grader_unreachable", {
    message: `The endpoint of grader "${name}" does not answer.`,
    details: { grader: "endpoint", ...details },
  });
}

/** An endpoint answered something that is no score. */
export function graderBadAnswer(name: string, what: string): RollyardError {
  return new RollyardError("grader_bad_answer", {
    message: `The endpoint of grader "${name}" ${what}.`,
    details: { grader: "endpoint" },
  });
}

/** The grade is wanted no more; whoever aborted knows why and takes no notice of this. */
export function graderAborted(): RollyardError {
  return new RollyardError("grader_failed", { message: "The grading was stopped." });
}
