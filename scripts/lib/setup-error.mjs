/** A step of the set-up that can't be done; the message is one sentence: what is missing and how to get it. */
export class SetupError extends Error {
  /** @override */
  name = "SetupError";
}

const OLDEST_MAJOR = 20;

/**
 * Runs a script's main function; a {@link SetupError} ends the process with its sentence and exit code 1.
 * @param {() => Promise<number>} main resolves to the exit code
 */
export async function exitWith(main) {
  try {
    refuseOldNode();
    process.exitCode = await main();
  } catch (thrown) {
    if (!(thrown instanceof SetupError)) throw thrown;
    process.stderr.write(`rollyard: ${thrown.message}\n`);
    process.exitCode = 1;
  }
}

function refuseOldNode() {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) >= OLDEST_MAJOR) return;
  throw new SetupError(
    `Node ${node} is too old: install Node ${OLDEST_MAJOR} or newer (https://nodejs.org).`,
  );
}
