/** A step of the set-up that can't be done; the message is one sentence: what is missing and how to get it. */
export class SetupError extends Error {
  /** @override */
  name = "SetupError";
}

/**
 * Runs a script's main function; a {@link SetupError} ends the process with its sentence and exit code 1.
 * @param {() => Promise<number>} main resolves to the exit code
 */
export async function exitWith(main) {
  try {
    process.exitCode = await main();
  } catch (thrown) {
    if (!(thrown instanceof SetupError)) throw thrown;
    process.stderr.write(`rollyard: ${thrown.message}\n`);
    process.exitCode = 1;
  }
}
