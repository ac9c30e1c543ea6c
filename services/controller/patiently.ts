import { toRollyardError } from "../../src/errors/rollyard-error.ts";
import type { Clock } from "../../src/lib/clock.ts";
import type { Logger } from "../../src/lib/logger.ts";

/** How long to wait between tries, and what ends them. */
export interface Patience {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const PAUSE_MS = 1000;

/** Tries again for as long as trying again can help. Rejects with any other error, and when the signal aborts. */
export async function patiently<T>(act: () => Promise<T>, { clock, logger, signal }: Patience): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (thrown) {
      const error = toRollyardError(thrown);
      if (!error.isRetryable || signal.aborted || error.code === "leadership_lost") throw error;
      logger.warn("a leader's start waits for an answer", { code: error.code });
      await clock.sleep(PAUSE_MS, signal);
    }
  }
}
