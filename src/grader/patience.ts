import type { ErrorCode } from "../errors/codes.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { Clock } from "../lib/clock.ts";

/** Waits between tries of one bus call, in milliseconds; the last one repeats. */
const DELAYS_MS = [20, 100, 500, 1000, 2000, 5000] as const;

const WAITED_FOR: ReadonlySet<string> = new Set<ErrorCode>(["bus_unavailable", "stream_full"]);

/** A clock, and the signal that ends all waiting. */
export interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Waits before try number `tries` (from 1). Rejects with the signal's reason when it aborts. */
export async function pauseBefore(tries: number, { clock, signal }: Patience): Promise<void> {
  signal.throwIfAborted();
  const index = Math.min(tries - 1, DELAYS_MS.length - 1);
  await clock.sleep(DELAYS_MS[index] ?? 5000, signal);
  signal.throwIfAborted();
}

/** Asks until the bus answers and has room: both are waited for, without limit. Every other error passes. */
export async function untilAnswered<T>(ask: () => Promise<T>, patience: Patience): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    patience.signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RollyardError) || !WAITED_FOR.has(error.code)) throw error;
    }
    await pauseBefore(tries, patience);
  }
}
