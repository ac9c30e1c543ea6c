import { unavailable } from "./connection.ts";
import type { BusConnection } from "./connection.ts";

const RETRY_MS = 200;

/** One try of something that can be asked again: a value, or undefined for "ask again". */
export type Try<T> = (remainingMs: number) => Promise<{ readonly value: T } | undefined>;

/**
 * Asks until there is an answer or `timeoutMs` is over, waiting for the connection in between.
 * Only for reads and for writes that are safe to repeat. Throws `bus_unavailable` when the time is over.
 */
export async function untilAnswered<T>(
  connection: BusConnection,
  timeoutMs: number,
  attempt: Try<T>,
): Promise<T> {
  const { clock } = connection.options;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const remainingMs = deadlineMs - clock.monotonicMs();
    if (remainingMs <= 0 || connection.isClosed) throw unavailable();
    if (!(await connection.whenConnected(remainingMs))) continue;
    const answer = await attempt(deadlineMs - clock.monotonicMs());
    if (answer !== undefined) return answer.value;
    await clock.sleep(Math.min(RETRY_MS, Math.max(1, deadlineMs - clock.monotonicMs())));
  }
}
