import { RollyardError } from "../../errors/rollyard-error.ts";
import type { StartFailure } from "./supervisor-events.ts";

const MAX_SENTENCE = 200;
/** The end of what a setup command wrote is where it says what was wrong. */
const MAX_SETUP_OUTPUT = 2000;

/**
 * Makes an error of a failed start. What setup commands wrote goes into the records (cut short) and to a user who
 * tries one sandbox by hand (`cause`); the details, which reach logs too, are exit codes and what the isolating
 * program itself said.
 */
export function startError(failure: StartFailure): RollyardError {
  const exitCode = failure.exitCode === null ? {} : { exit_code: failure.exitCode };
  if (failure.reason === "setup_failed")
    return new RollyardError("sandbox_setup_failed", {
      details: exitCode,
      setupOutput: failure.detail.trim().slice(-MAX_SETUP_OUTPUT),
      cause: new Error(failure.detail),
    });
  const said = launcherSentence(failure);
  return new RollyardError("sandbox_start_failed", {
    ...(said === "" ? {} : { message: `The sandbox did not start: ${said}` }),
    details: { reason: failure.reason, ...exitCode },
    cause: new Error(`${failure.detail}\n${failure.stderr}`.trim()),
  });
}

/** The line in which bubblewrap, unshare, mount, Docker or sandboxd says why it refuses; setup has not run by then. */
function launcherSentence(failure: StartFailure): string {
  const lines = `${failure.detail}\n${failure.stderr}`.split("\n");
  const line = lines.find((candidate) => /^(bwrap|unshare|mount|docker|sandboxd serve): /u.test(candidate));
  return (line ?? "").slice(0, MAX_SENTENCE);
}
