/** Where logic gets its time from; a simulation passes its own. */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch, for records. */
  nowMs(): number;
  /** Monotonic time in milliseconds, for durations and deadlines. */
  monotonicMs(): number;
  /** Resolves after `delayMs`, or at once (without an error) when the signal aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (delayMs, signal) => sleepOrAbort(delayMs, signal),
};

function sleepOrAbort(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, delayMs);
    signal?.addEventListener("abort", end, { once: true });
  });
}
